// Looking again: soon at first, then less and less often, and never while nobody sees it.

const GROWTH = 1.5;

/**
 * Calls `look` again and again. It returns `{first, longest}` in ms, how soon it wants to be called again at
 * first and at most, or null for not by itself; it handles its own errors. The wait grows each time, and
 * begins anew after `soon()`. While the page is hidden nothing is asked.
 */
export class Polling {
  #look;
  #wait = 0;
  #timer = 0;
  #going = null;
  #again = false;
  #stopped = false;

  constructor(look) {
    this.#look = look;
    document.addEventListener("visibilitychange", this.#seen);
  }

  /** Look now, or once more right after the look that is going on; resolves when that is done. */
  soon() {
    this.#wait = 0;
    this.#again = this.#going !== null;
    return this.#round();
  }

  stop() {
    this.#stopped = true;
    clearTimeout(this.#timer);
    document.removeEventListener("visibilitychange", this.#seen);
  }

  #round() {
    clearTimeout(this.#timer);
    this.#going ??= this.#rounds().finally(() => (this.#going = null));
    return this.#going;
  }

  async #rounds() {
    let pace;
    do {
      this.#again = false;
      pace = await this.#look();
    } while (this.#again && !this.#stopped);
    if (this.#stopped || !pace || document.hidden) return;
    this.#wait = Math.min(Math.max(pace.first, this.#wait * GROWTH), pace.longest);
    this.#timer = setTimeout(() => this.#round(), this.#wait);
  }

  #seen = () => {
    if (document.hidden) clearTimeout(this.#timer);
    else if (!this.#stopped) this.soon();
  };
}

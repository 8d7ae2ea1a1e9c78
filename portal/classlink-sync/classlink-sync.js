// <classlink-sync>: the ClassLink tab of Data Sync, to be put into a page of the portal.
//
//   const tab = document.querySelector("classlink-sync");
//   tab.api = "https://….execute-api.us-east-1.amazonaws.com";
//   tab.getToken = async () => portal.freshToken();
//
// What a host gives it and hears from it: docs/portal.md.

import { Api, Problem, SIGNED_OUT } from "./api.js";
import { makeConnect } from "./connect.js";
import { button, h, note } from "./elements.js";
import { makeFormat, sentence } from "./format.js";
import { Polling } from "./polling.js";
import { makeStatus } from "./status.js";
import { sheet } from "./style.js";
import { makeTexts } from "./texts.js";

const RUNNING = { first: 700, longest: 6_000 };
const IDLE = { first: 20_000, longest: 120_000 };
const LEAVING = { first: 1_500, longest: 10_000 };
const DOWN = { first: 2_000, longest: 30_000 };
const RUNS_SHOWN = 30;
const MOST_MISSING = 5;
const GIVEN = ["api", "getToken", "roles", "sites", "locale", "texts"];

class ClassLinkSync extends HTMLElement {
  static observedAttributes = ["api", "locale"];

  #given = { api: "", getToken: null, roles: [], sites: [], locale: "", texts: {} };
  #polling = null;
  #view = null;
  #watched = "";
  #isDue = false;
  #missing = 0;

  constructor() {
    super();
    this.attachShadow({ mode: "open" }).adoptedStyleSheets = [sheet];
    // Set before the element was defined.
    for (const name of GIVEN.filter((one) => Object.hasOwn(this, one))) {
      this.#given[name] = this[name];
      delete this[name];
    }
  }

  connectedCallback() {
    this.#beginSoon();
  }

  disconnectedCallback() {
    this.#end();
  }

  attributeChangedCallback(name, before, value) {
    this[name] = value ?? "";
  }

  #give(name, value) {
    this.#given[name] = value;
    this.#beginSoon();
  }

  /** Once for everything that a host sets in a row. */
  #beginSoon() {
    if (!this.isConnected || this.#isDue) return;
    this.#isDue = true;
    queueMicrotask(() => {
      this.#isDue = false;
      if (this.isConnected) this.#begin();
    });
  }

  #end() {
    this.#polling?.stop();
    this.#polling = null;
  }

  /** Begin anew with what the host gave, once it has given enough. */
  #begin() {
    this.#end();
    const { api, getToken, roles, sites, locale, texts } = this.#given;
    if (!api || !getToken) return;
    const language = locale || this.closest("[lang]")?.lang || navigator.language;
    const t = makeTexts(language, texts);
    const spoken = h("div", { class: "quiet", role: "status" });
    const down = h("div", {});
    const trouble = h("div", {});
    const main = h("div", {}, h("p", { class: "muted", role: "status" }, t("loading")));
    const place = h("div", { class: "stack", lang: language }, down, trouble, main, spoken);
    this.shadowRoot.replaceChildren(place);
    this.#view = null;
    this.#watched = "";
    const client = new Api(api, getToken, () => this.ctx.api === client && this.#signedOut());
    this.ctx = {
      api: client,
      t,
      format: makeFormat(language, { never: t("never") }),
      roles: pairs(roles.length ? roles : ["teacher"]),
      sites: pairs(sites),
      canAct: false,
      place,
      down,
      trouble,
      main,
      say: (text) => (spoken.textContent = text),
      emit: (name, detail) => this.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true })),
      soon: () => this.#polling?.soon(),
      describe: (problem) => describe(t, problem),
      attempt: (where, what) => this.#attempt(where, what),
      watch: (runId, onProgress) => this.#watch(runId, onProgress),
    };
    this.#polling = new Polling(() => this.#look());
    this.#polling.soon();
  }

  // -- Looking ---------------------------------------------------------------------------------------

  async #look() {
    const { ctx } = this;
    try {
      const running = this.#watched && (await this.#runOf(this.#watched));
      // A host that gave something else meanwhile began anew: what was asked before is another's.
      if (ctx !== this.ctx) return null;
      if (running && running.phase !== "ended" && this.#view?.name === "status") {
        this.#view.show({ ...this.last, running });
        this.#isWell();
        return RUNNING;
      }
      if (running && running.phase === "ended") this.#ended(running.run);
      const screen = await ctx.api.get("/integration");
      const found = screen.running ? await this.#runOf(screen.running) : null;
      const runs = screen.connection ? (await ctx.api.get(`/runs?limit=${RUNS_SHOWN}`)).runs : [];
      if (ctx !== this.ctx) return null;
      ctx.canAct = screen.canAct;
      this.#isWell();
      return this.#show(screen, found?.phase === "ended" ? null : found, runs);
    } catch (problem) {
      return ctx === this.ctx ? this.#isDown(problem) : null;
    }
  }

  #show(screen, running, runs) {
    if (screen.status === "not connected") {
      this.#toForm({ name: "connect" });
      return this.ctx.canAct ? null : IDLE;
    }
    this.#watched = running ? screen.running : "";
    this.last = { screen, running, runs: runs.filter((run) => run.finishedAt) };
    if (this.#view?.name === "form" || this.#view?.name === "connect") return IDLE;
    const { districtName, serverUrl, clientId } = screen.connection;
    const whose = [districtName, serverUrl, clientId, screen.canAct].join("\n");
    if (this.#view?.name !== "status" || this.#view.whose !== whose) this.#toStatus(screen, whose);
    this.#view.show(this.last);
    if (running) return RUNNING;
    return screen.status === "disconnecting" ? LEAVING : IDLE;
  }

  /** A run with its phase, or null for one that never comes to be. */
  async #runOf(runId) {
    try {
      const found = await this.ctx.api.get(`/runs/${encodeURIComponent(runId)}`);
      this.#missing = 0;
      return found;
    } catch (problem) {
      // Started this moment, it is not written down yet; refused when it began, it never is.
      if (problem.code === "not-found" && (this.#missing = (this.#missing + 1) % MOST_MISSING) === 0) return null;
      if (problem.code === "not-found") return { run: { runId, mode: "changes", outcome: "", cause: "", actor: "", startedAt: 0 }, phase: "planning", progress: {} };
      throw problem;
    }
  }

  #ended(run) {
    this.#watched = "";
    this.ctx.say(this.ctx.t("said.ended", { outcome: this.ctx.t(`outcome.${run.outcome}`) }));
    this.ctx.emit("run-finished", { runId: run.runId, outcome: run.outcome });
  }

  /** Resolve to a run's details once it has ended; `onProgress` hears them until then. */
  #watch(runId, onProgress) {
    return new Promise((resolve, reject) => {
      const polling = new Polling(async () => {
        try {
          const found = await this.#runOf(runId);
          if (!found) throw new Problem("not-found", this.ctx.t("said.never"), { status: 404 });
          onProgress(found);
          if (found.phase !== "ended") return RUNNING;
          resolve(found);
        } catch (problem) {
          if (this.isConnected && isPassing(problem)) return DOWN;
          reject(problem);
        }
        polling.stop();
        return null;
      });
      polling.soon();
    });
  }

  // -- Showing ---------------------------------------------------------------------------------------

  #toForm({ name: wanted, from = null, reason = "" }) {
    const { ctx } = this;
    const name = ctx.canAct ? wanted : "reader";
    if (this.#view?.name === name) return;
    if (!ctx.canAct) {
      this.#put({ name: "reader", root: note("calm", [h("h2", {}, ctx.t("connect.title")), h("p", {}, ctx.t("connect.readOnly"))]) });
      return;
    }
    const leave = async (mode) => {
      this.#view = null;
      await ctx.soon();
      if (mode) await this.#sync(mode);
      this.#view?.focus?.();
    };
    const root = makeConnect(ctx, { from, reason, onDone: leave, onCancel: from && (() => leave("")) });
    this.#put({ name, root: h("div", {}, root) });
    if (from) ctx.main.querySelector("h2").focus();
  }

  #toStatus(screen, whose) {
    const status = makeStatus(this.ctx, screen, {
      onReplace: (reason) => this.#toForm({ name: "form", from: this.last.screen.connection, reason }),
      onSync: (mode) => this.#sync(mode),
      onWatch: (runId) => this.#follow(runId),
    });
    this.#put({ name: "status", whose, ...status });
  }

  #put(view) {
    this.#view = view;
    this.ctx.main.replaceChildren(view.root);
  }

  async #sync(mode) {
    const { ctx } = this;
    await this.#attempt(ctx.trouble, async () => {
      const { runId, already } = await ctx.api.post("/runs", { mode });
      ctx.trouble.replaceChildren();
      ctx.say(ctx.t(already ? "said.already" : "said.started"));
      await this.#follow(runId);
    });
  }

  /** Show a run that was started a moment ago, to its end even if that has come already. */
  async #follow(runId) {
    this.#watched = "";
    await this.ctx.soon();
    this.#watched ||= runId;
    await this.ctx.soon();
  }

  // -- When something goes wrong -----------------------------------------------------------------------

  /** Do something; what goes wrong is said in `where`, in place of what is there. */
  async #attempt(where, what) {
    try {
      await what();
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      if (problem.code === SIGNED_OUT) return;
      where.replaceChildren(note("bad", h("p", {}, this.ctx.describe(problem)), { urgent: true }));
    }
  }

  #isWell() {
    this.ctx.down.replaceChildren();
  }

  #isDown(problem) {
    if (!(problem instanceof Problem)) throw problem;
    if (problem.code === SIGNED_OUT) return null;
    const { ctx } = this;
    const text = ctx.describe(problem);
    if (ctx.down.textContent !== text) ctx.down.replaceChildren(note("bad", h("p", {}, text), { urgent: true }));
    if (!this.#view) ctx.main.replaceChildren();
    return isPassing(problem) ? DOWN : null;
  }

  #signedOut() {
    const { ctx } = this;
    this.#end();
    const again = button(ctx.t("signedOut.again"), () => this.#begin(), { kind: "primary" });
    ctx.down.replaceChildren(note("bad", [h("p", {}, ctx.t("signedOut.about")), again], { urgent: true }));
    if (!this.#view) ctx.main.replaceChildren();
    ctx.emit("auth-failed", {});
  }

  static {
    for (const name of GIVEN) {
      Object.defineProperty(this.prototype, name, {
        get() {
          return this.#given[name];
        },
        set(value) {
          this.#give(name, value);
        },
      });
    }
  }
}

/** Whether the same may go well a little later. */
function isPassing({ status }) {
  return status === 0 || status === 429 || status >= 500;
}

/** What went wrong, in the words of whoever translates, or in the API's. */
function describe(t, problem) {
  return sentence(t.of("problem", problem.code, problem.message || problem.code));
}

/** Words of the host's for roles and sites: texts, or `{value, label}`. */
function pairs(options) {
  return options.map((one) => (typeof one === "string" ? [one, one] : [one.value, one.label]));
}

customElements.define("classlink-sync", ClassLinkSync);

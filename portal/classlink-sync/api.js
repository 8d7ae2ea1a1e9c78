// The API, as docs/openapi.json has it.

/** What an answer says went wrong. `code` stays, `message` is for a person. */
export class Problem extends Error {
  constructor(code, message, { status = 0, ...more } = {}) {
    super(message);
    Object.assign(this, { code, status, ...more });
  }
}

/** No answer came: the network, or a server that is down. */
export const UNREACHABLE = "unreachable";
/** No answer came to what was to be done: it may have been, or not. */
export const UNSURE = "unsure";
/** The host's token is refused, and so was the one it gave when asked again. */
export const SIGNED_OUT = "signed-out";
/** More requests than the API takes. */
export const TOO_MANY = "too-many-requests";

export class Api {
  /**
   * `base` is the API's address, `getToken` an async function of the host's. It is asked once, and again
   * when a token is refused; `onSignedOut` is called when that one is refused too.
   */
  constructor(base, getToken, onSignedOut) {
    this.base = base.replace(/\/+$/, "");
    this.getToken = getToken;
    this.onSignedOut = onSignedOut;
    this.token = null;
    this.asking = null;
  }

  get = (path) => this.#ask("GET", path);
  post = (path, body = {}) => this.#ask("POST", path, body);
  put = (path, body) => this.#ask("PUT", path, body);
  patch = (path, body) => this.#ask("PATCH", path, body);
  delete = (path) => this.#ask("DELETE", path);

  async #ask(method, path, body) {
    this.token ??= await this.#newToken();
    let answer = await this.#sendOrRenew(method, path, body);
    if (answer.status === 401) {
      this.token = await this.#newToken();
      answer = await this.#send(method, path, body);
    }
    if (answer.status === 401) this.#signedOut();
    return this.#read(answer);
  }

  /**
   * A refusal of API Gateway's own may come without CORS headers (it could not be confirmed), and is then no
   * answer at all to a page of another origin. So a reading that got none is tried with a newer token if the
   * host has one.
   */
  async #sendOrRenew(method, path, body) {
    try {
      return await this.#send(method, path, body);
    } catch (problem) {
      const before = this.token;
      if (method !== "GET") {
        this.token = null;
        throw new Problem(UNSURE, "");
      }
      this.token = await this.#newToken();
      if (this.token === before) throw problem;
      return this.#send(method, path, body);
    }
  }

  /** Ask the host for a token, once for all that wait for one. */
  async #newToken() {
    this.asking ??= Promise.resolve()
      .then(() => this.getToken())
      .finally(() => (this.asking = null));
    let token;
    try {
      token = await this.asking;
    } catch {
      // The host could not ask either: nobody has been signed out.
      throw new Problem(UNREACHABLE, "");
    }
    if (!token) this.#signedOut();
    return token;
  }

  #signedOut() {
    this.token = null;
    this.onSignedOut();
    throw new Problem(SIGNED_OUT, "", { status: 401 });
  }

  async #send(method, path, body) {
    const headers = { authorization: `Bearer ${this.token}` };
    if (body !== undefined) headers["content-type"] = "application/json";
    try {
      return await fetch(this.base + path, {
        method,
        headers,
        body: body === undefined ? undefined : JSON.stringify(body),
        cache: "no-store",
        credentials: "omit",
        referrerPolicy: "no-referrer",
      });
    } catch {
      throw new Problem(UNREACHABLE, "");
    }
  }

  async #read(answer) {
    let found;
    try {
      found = await answer.json();
    } catch {
      found = null;
    }
    if (answer.ok && found !== null) return found;
    if (answer.status === 429) throw new Problem(TOO_MANY, "", { status: 429 });
    if (!found?.code) throw new Problem(UNREACHABLE, "", { status: answer.status });
    const { code, detail, ...more } = found;
    throw new Problem(code, detail, { ...more, status: answer.status });
  }
}

// What the page is made of: elements, tables, fields. Nothing here knows of ClassLink.

const SVG = "http://www.w3.org/2000/svg";
let lastId = 0;

/** Return an id that nothing else on the page has. */
export function newId(prefix) {
  lastId += 1;
  return `${prefix}-${lastId}`;
}

/**
 * Make an element. `on…` are listeners, `value` is set last (a select has its options by then), null and
 * false are left out, everything else is an attribute.
 */
export function h(name, attributes = {}, ...children) {
  return fill(document.createElement(name), attributes, children);
}

/** The same for SVG. */
export function svg(name, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, name), attributes, children);
}

function fill(element, attributes, children) {
  for (const [key, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false || key === "value") continue;
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else element.setAttribute(key, value === true ? "" : String(value));
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  if ("value" in attributes) element.value = attributes.value;
  return element;
}

/** A button. `kind`: "primary", "danger", "plain" (as a link looks) or "" for an ordinary one. */
export function button(label, onclick, { kind = "", ...attributes } = {}) {
  return h("button", { type: "button", class: kind, onclick, ...attributes }, label);
}

/** A badge; `tone`: "good", "warn", "bad", "busy" or "calm". */
export function badge(label, tone) {
  return h("span", { class: `badge ${tone}` }, label);
}

/** A note; `tone` as a badge's. One that is `urgent` is read out at once. */
export function note(tone, children, { urgent = false } = {}) {
  return h("div", { class: `note ${tone}`, role: urgent ? "alert" : null }, children);
}

/**
 * A table that can be scrolled sideways by keyboard too. `columns`: `{label, number?, words?}`, where `words`
 * are not broken; `rows`: lists of cells, each text or nodes. The first cell of a row heads it.
 */
export function table(caption, columns, rows, { hideCaption = false } = {}) {
  const look = ({ number, words }) => (number ? "number" : words && "words");
  const head = columns.map(({ label, number }) => h("th", { scope: "col", class: number && "number" }, label));
  const body = rows.map((cells) =>
    h(
      "tr",
      {},
      cells.map((cell, index) =>
        h(
          index ? "td" : "th",
          { scope: index ? null : "row", class: look(columns[index]), "data-label": columns[index].label },
          cell,
        ),
      ),
    ),
  );
  return h(
    "div",
    { class: "scroll", tabindex: 0, role: "region", "aria-label": caption },
    h(
      "table",
      {},
      h("caption", { class: hideCaption && "quiet" }, caption),
      h("thead", {}, h("tr", {}, head)),
      h("tbody", {}, body),
    ),
  );
}

/**
 * A labelled control with a hint and a place for what is wrong with it. Returns
 * `{root, control, complain(text)}`; "" takes a complaint back.
 */
export function field(label, control, { hint = "" } = {}) {
  const id = control.id || newId("field");
  control.id = id;
  const wrong = h("p", { class: "wrong", id: `${id}-wrong` });
  const about = hint && h("p", { class: "hint", id: `${id}-hint` }, hint);
  const describe = (hasError) => {
    const described = [hasError && wrong.id, about && about.id].filter(Boolean).join(" ");
    if (described) control.setAttribute("aria-describedby", described);
    else control.removeAttribute("aria-describedby");
  };
  describe(false);
  return {
    root: h("div", { class: "field" }, h("label", { for: id }, label), about, control, wrong),
    control,
    complain(text) {
      wrong.textContent = text;
      control.toggleAttribute("aria-invalid", Boolean(text));
      if (text) control.setAttribute("aria-invalid", "true");
      describe(Boolean(text));
    },
  };
}

/** A checkbox with its label and a hint. Returns `{root, control}`. */
export function check(label, checked, { hint = "" } = {}) {
  const id = newId("check");
  const about = hint && h("p", { class: "hint", id: `${id}-hint` }, hint);
  const control = h("input", { type: "checkbox", id, "aria-describedby": about && about.id });
  control.checked = checked;
  return { root: h("div", { class: "check" }, control, h("label", { for: id }, label), about), control };
}

/** A select of `[value, label]` pairs. */
export function select(options, value, attributes = {}) {
  return h(
    "select",
    { ...attributes, value },
    options.map(([key, label]) => h("option", { value: key }, label)),
  );
}

/** Definitions: pairs of a term and what it is. */
export function facts(pairs) {
  return h(
    "dl",
    { class: "facts" },
    pairs.map(([term, what]) => h("div", {}, h("dt", {}, term), h("dd", {}, what))),
  );
}

/** What is counted, a line each: pairs of a term and its number, or a node. */
export function tally(pairs) {
  return h(
    "dl",
    { class: "tally" },
    pairs.map(([term, what]) => h("div", {}, h("dt", {}, term), h("dd", {}, what))),
  );
}

/** A list of texts. */
export function list(texts) {
  return h("ul", {}, texts.map((text) => h("li", {}, text)));
}

/** A part that opens and closes. */
export function details(summary, children, { open = false } = {}) {
  return h("details", { open }, h("summary", {}, summary), h("div", { class: "inside" }, children));
}

/**
 * Ask in a dialog over the page. `actions`: `[label, value, kind]`, the first one with kind "plain" is what
 * Escape means. Resolves to a value; `check`, if given, says whether an action's value may be taken.
 */
export function ask(place, { title, body, actions, check: mayClose = () => true }) {
  const titleId = newId("dialog");
  return new Promise((resolve) => {
    const away = actions.find(([, , kind]) => kind === "plain")?.[1];
    const dialog = h("dialog", { "aria-labelledby": titleId });
    let answer = away;
    const close = (value) => {
      if (value !== away && !mayClose(value)) return;
      answer = value;
      dialog.close();
    };
    dialog.append(
      h("h3", { id: titleId }, title),
      h("div", { class: "inside" }, body),
      h(
        "div",
        { class: "actions" },
        // Where something is lost, Enter alone does not do it.
        actions.map(([label, value, kind]) => button(label, () => close(value), { kind, autofocus: kind === "plain" && actions.some((one) => one[2] === "danger") })),
      ),
    );
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(answer);
    });
    place.append(dialog);
    dialog.showModal();
  });
}

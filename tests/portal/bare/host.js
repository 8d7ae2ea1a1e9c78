// A host that knows nothing but docs/portal.md: everything is set before the element is defined.

const address = new URLSearchParams(location.search);
const tab = document.querySelector("classlink-sync");
window.heard = [];
window.asked = 0;
for (const name of ["connected", "run-finished", "auth-failed"]) {
  document.addEventListener(name, (event) => window.heard.push([name, event.detail]));
}
tab.api = address.get("api");
tab.getToken = async () => window.tokens[Math.min(window.asked++, window.tokens.length - 1)];
tab.roles = [{ value: "t", label: "Teacher" }];
tab.locale = "en";
await import("/portal/classlink-sync/classlink-sync.js");

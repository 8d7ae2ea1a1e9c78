// What a host of <classlink-sync> does. The local engine gives the session; a portal has one of its own.

const tab = document.querySelector("classlink-sync");
const seenAs = document.querySelector("#seen-as");
const trouble = document.querySelector("#trouble");

try {
  const answer = await fetch("/session/session.json", { cache: "no-store" });
  if (!answer.ok) throw new Error(`session.json: ${answer.status}`);
  const session = await answer.json();
  tab.roles = session.roles;
  tab.sites = session.sites;
  tab.locale = document.documentElement.lang;
  tab.api = session.api;
  const showAs = () => (tab.getToken = async () => session.tokens[seenAs.value]);
  seenAs.addEventListener("change", showAs);
  showAs();
} catch {
  trouble.hidden = false;
  trouble.textContent = "There is no session here. Start this page with: make serve";
}

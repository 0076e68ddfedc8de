// The only script of ours: CSRF on htmx requests, the eye that hides identities, the key N, copying. Everything works without it.
"use strict";

(() => {
  const HIDDEN = "mdk.identity";
  const NO_KEYS = "mdk.no-keys";
  const root = document.documentElement;

  const cookie = (name) =>
    document.cookie.split("; ").find((each) => each.startsWith(`${name}=`))?.slice(name.length + 1) ?? "";

  document.addEventListener("htmx:config:request", (event) => {
    const request = event.detail.ctx.request;
    if (!/^(GET|HEAD)$/i.test(request.method)) {
      request.headers["x-csrftoken"] = decodeURIComponent(cookie("csrftoken"));
    }
  });

  // Hidden once is hidden on every page of this tab, until shown again; shown is shown on this page only.
  if (sessionStorage.getItem(HIDDEN)) root.dataset.identity = "hidden";

  const settle = () => {
    if (root.dataset.identity === "hidden") {
      document.querySelectorAll(".mdk-identity__toggle").forEach((toggle) => (toggle.checked = true));
    }
    if (localStorage.getItem(NO_KEYS)) {
      document.querySelectorAll("[data-shortcuts]").forEach((toggle) => (toggle.checked = false));
    }
  };
  document.addEventListener("DOMContentLoaded", settle);
  document.addEventListener("htmx:after:swap", settle);

  document.addEventListener("change", ({ target }) => {
    if (target.matches(".mdk-identity__toggle")) {
      if (target.checked) sessionStorage.setItem(HIDDEN, "yes");
      else sessionStorage.removeItem(HIDDEN);
      root.dataset.identity = target.checked ? "hidden" : "shown";
    } else if (target.matches("[data-shortcuts]")) {
      if (target.checked) localStorage.removeItem(NO_KEYS);
      else localStorage.setItem(NO_KEYS, "yes");
    }
  });

  // A button that copies what stands in a field, where the browser lets it.
  const offerCopies = () => {
    if (!navigator.clipboard) return;
    document.querySelectorAll("[data-copies]").forEach((button) => (button.hidden = false));
  };
  document.addEventListener("DOMContentLoaded", offerCopies);
  document.addEventListener("click", async ({ target }) => {
    const button = target.closest?.("[data-copies]");
    if (!button) return;
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copies).value);
    document.getElementById(`${button.dataset.copies}-copied`).textContent = "Texten är kopierad.";
  });

  // In the form of minutes: tell which field is open, and mark those that others have open.
  const openField = () => document.activeElement?.closest?.(".mdk-at")?.id.slice("at-".length) ?? "";
  document.addEventListener("focusin", ({ target }) => {
    const told = target.closest?.("form")?.querySelector("[data-field-open]");
    if (!told || told.value === openField()) return;
    told.value = openField();
    told.dispatchEvent(new Event("change"));
  });
  document.addEventListener("htmx:after:swap", () => {
    const edited = [...document.querySelectorAll("[data-edits]")].map((line) => `at-${line.dataset.edits}`);
    document.querySelectorAll(".mdk-at").forEach((field) => field.classList.toggle("mdk-at--edited", edited.includes(field.id)));
  });

  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest?.("input, textarea, select, [contenteditable]");
    const modified = event.ctrlKey || event.altKey || event.metaKey || event.shiftKey || event.repeat;
    if (event.key !== "n" || typing || modified || localStorage.getItem(NO_KEYS)) return;
    document.querySelector('[data-key="n"]')?.click();
  });
})();

// The only script of ours: CSRF and fresh versions on htmx requests, presses that wait for each other, typing that is
// guarded, the eye that hides identities, the key N, Enter in a list's row, menus, clocks, copying. Everything works
// without it.
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
      request.headers["x-csrftoken"] = decodeURIComponent(cookie("__Host-csrftoken") || cookie("csrftoken"));
    }
  });

  // A save that waited for another is sent with what the other left: the case's number and newest version, and of a
  // form that is fresh itself all that stands in it by then.
  document.addEventListener("htmx:before:request", ({ detail }) => {
    const { sourceElement, request } = detail.ctx;
    if (sourceElement.matches("form[data-fresh]")) request.body = new URLSearchParams(new FormData(sourceElement));
    request.form?.querySelectorAll("[data-fresh]").forEach((field) => request.body?.set?.(field.name, field.value));
  });

  // A press that waited while its part of the page was exchanged is made anew on what stands there now; where the
  // button is gone, what it was for is done. Nothing else is sent from a part that is gone: what it held went along in
  // what exchanged it, and its answer would stand for an older page.
  document.addEventListener("htmx:before:request", (event) => {
    const { sourceElement, request } = event.detail.ctx;
    const pressed = request.submitter ?? sourceElement;
    if (sourceElement.isConnected) return;
    event.preventDefault();
    if (pressed.id) document.getElementById(pressed.id)?.click();
  });

  // What went wrong with an act is told beside the page, until one goes well.
  const notice = (...content) => document.getElementById("notice")?.replaceChildren(...content);
  document.addEventListener("htmx:after:request", ({ detail }) => {
    if (detail.ctx.response?.status < 400) notice();
  });
  document.addEventListener("htmx:error", ({ detail }) => {
    const told = document.getElementById("unreachable");
    if (told && detail.ctx && !detail.ctx.response) notice(told.content.cloneNode(true));
  });

  // A guarded form asks before the page is left with something typed that is not saved.
  const guarded = () => document.querySelector("form[data-guarded]");
  const isUnsaved = () => guarded()?.dataset.guarded === "unsaved";
  document.addEventListener("input", ({ target }) => {
    const form = target.closest?.("form[data-guarded]");
    if (form) form.dataset.guarded = "unsaved";
  });
  document.addEventListener("submit", ({ target }) => {
    if (target.matches("form[data-guarded]")) target.dataset.guarded = "saved";
  });
  document.addEventListener("htmx:before:request", ({ detail }) => {
    const { form, body } = detail.ctx.request;
    if (form?.matches("[data-guarded]") && body?.has?.("do")) form.dataset.guarded = "sending";
  });
  document.addEventListener("htmx:after:request", ({ detail }) => {
    const { form } = detail.ctx.request;
    if (form?.dataset.guarded !== "sending") return;
    form.dataset.guarded = detail.ctx.response?.headers.get("x-saved") === "yes" ? "saved" : "unsaved";
  });
  window.addEventListener("beforeunload", (event) => {
    if (isUnsaved()) event.preventDefault();
  });

  // Enter in a row of a list goes on to the next row; from the last it presses the button that the list names.
  document.addEventListener("keydown", (event) => {
    const list = event.target.closest?.("input")?.closest("[data-enter]");
    if (event.key !== "Enter" || event.isComposing || !list) return;
    event.preventDefault();
    const next = event.target.closest("[role=group]")?.nextElementSibling;
    if (next?.matches("[role=group]")) next.querySelector("select, input").focus();
    else {
      const more = document.getElementById(list.dataset.enter);
      more?.focus(); // what is typed before the new row is there does not lengthen the figure before it
      more?.click();
    }
  });

  // An answer takes the place of a list's rows. What was typed in them since the press goes along in a new press; and
  // the field that is open stays open where its row has moved to.
  document.addEventListener("htmx:before:swap", (event) => {
    const { sourceElement, target, request } = event.detail.ctx;
    if (!target?.matches?.("[data-rows]")) return;
    const typed = new FormData(request.form);
    const isSent = ({ name }) => String(typed.getAll(name)) === String(request.body.getAll(name));
    if (![...target.querySelectorAll("[name]:not(button)")].every(isSent)) {
      event.preventDefault();
      sourceElement.addEventListener("htmx:finally:request", () => setTimeout(() => sourceElement.click()), { once: true });
      return;
    }
    const rows = [...target.querySelectorAll("[role=group]")];
    const [gone, at] = [sourceElement, document.activeElement].map((each) => rows.indexOf(each.closest("[role=group]")));
    const open = document.activeElement;
    if (gone >= 0 && at >= gone) open.id = at > gone ? open.id.replace(`-${at}-`, `-${at - 1}-`) : "";
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

  // A menu closes by Escape, and by a press or a step elsewhere.
  const openMenus = () => document.querySelectorAll(".mdk-menu[open]");
  document.addEventListener("keydown", ({ key }) => {
    if (key !== "Escape") return;
    openMenus().forEach((menu) => {
      menu.open = false;
      menu.querySelector("summary").focus();
    });
  });
  for (const elsewhere of ["click", "focusin"]) {
    document.addEventListener(elsewhere, ({ target }) => {
      openMenus().forEach((menu) => (menu.open = menu.contains(target)));
    });
  }

  // Clocks go on from the seconds that the server told; a part that came anew tells them anew.
  const begun = new WeakMap();
  const tick = () => {
    document.querySelectorAll("[data-running]").forEach((clock) => {
      let start = begun.get(clock);
      if (start?.told !== clock.dataset.running) {
        start = { told: clock.dataset.running, at: performance.now() };
        begun.set(clock, start);
      }
      const seconds = Number(start.told) + Math.floor((performance.now() - start.at) / 1000);
      const shown = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
      if (clock.textContent !== shown) clock.textContent = shown;
    });
  };
  document.addEventListener("DOMContentLoaded", tick);
  setInterval(tick, 1000);

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

// Keeps a phone live and sends its forms without leaving the page. Everything works without it.
(() => {
  "use strict";
  const toEnd = () => {
    const thread = document.getElementById("thread");
    if (thread) thread.scrollTop = thread.scrollHeight;
  };

  const refresh = async () => {
    const old = document.getElementById("thread");
    if (!old) return;
    const answer = await fetch(old.dataset.thread);
    if (!answer.ok) return;
    const parsed = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = parsed.getElementById("thread");
    if (!fresh) return;
    const wasAtEnd = old.scrollHeight - old.scrollTop - old.clientHeight < 80;
    const place = old.scrollTop;
    old.replaceChildren(...fresh.childNodes);
    if (wasAtEnd) toEnd();
    else old.scrollTop = place;
  };

  const thread = document.getElementById("thread");
  if (thread) {
    toEnd();
    let isBusy = false;
    let isStale = false;
    const changed = async () => {
      isStale = true;
      if (isBusy) return;
      isBusy = true;
      while (isStale) {
        isStale = false;
        try { await refresh(); } catch { /* The next change tries again. */ }
      }
      isBusy = false;
    };
    const events = new EventSource(thread.dataset.live);
    events.addEventListener("changed", changed);
    // What happened while there was no connection shows once there is one again.
    events.addEventListener("open", changed);
  }

  document.addEventListener("submit", async (event) => {
    const form = event.target;
    if (!(form instanceof HTMLFormElement) || !form.hasAttribute("data-quiet")) return;
    event.preventDefault();
    const answer = await fetch(form.action, { method: "POST", body: new URLSearchParams(new FormData(form, event.submitter)) });
    if (!answer.ok) {
      alert((await answer.json().catch(() => ({}))).message || answer.statusText);
      return;
    }
    const text = form.querySelector("textarea");
    if (text) text.value = "";
    await refresh();
    toEnd();
  });

  document.addEventListener("keydown", (event) => {
    const isSend = event.key === "Enter" && !event.shiftKey && !event.isComposing;
    if (isSend && event.target.matches("#reply textarea")) {
      event.preventDefault();
      event.target.form.requestSubmit();
    }
  });
})();

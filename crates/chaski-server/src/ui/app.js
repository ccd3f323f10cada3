// Live updates and the keyboard. Every page works without this script.
(() => {
  'use strict';
  const body = document.body;
  const $ = (selector, root = document) => root.querySelector(selector);

  // Times are shown in the reader's own zone: the browser names it once, in a cookie.
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (zone && zone !== body.dataset.zone && !document.cookie.includes(`tz=${zone}`)) {
    document.cookie = `tz=${zone}; Path=/; Max-Age=34560000; SameSite=Lax`;
    if (body.dataset.head && document.cookie.includes(`tz=${zone}`)) return location.reload();
  }
  if (!body.dataset.head) return;

  const list = $('.list');
  const thread = $('main.thread[data-contact]');
  const scroll = $('#scroll');
  const log = $('#log');
  const pill = $('#pill');
  const contact = thread?.dataset.contact;
  const query = new URLSearchParams({ filter: list?.dataset.filter ?? 'all', open: contact ?? '' });

  const parse = (html) => {
    const template = document.createElement('template');
    template.innerHTML = html;
    return template.content;
  };
  const get = async (path) => {
    const response = await fetch(`/messages/fragments/${path}`, { headers: { Accept: 'text/html' } });
    if (response.status === 401) location.reload();
    return response;
  };
  const swap = (old, fresh) => {
    if (!old || !fresh) return;
    const focused = old.contains(document.activeElement) && document.activeElement !== old;
    old.replaceWith(fresh);
    if (focused) $('a, button', fresh)?.focus();
  };

  // --- the list

  const placeRow = (id, fresh) => {
    const rows = $('#rows');
    if (fresh) $('.list > .empty')?.remove();
    const old = document.getElementById(`c${id}`);
    const focused = old?.contains(document.activeElement);
    if (!fresh) return id === contact ? undefined : old?.remove();
    const at = Number(fresh.dataset.at);
    const next = [...rows.children].find((row) => row !== old && Number(row.dataset.at) < at);
    if (old && old.nextElementSibling === (next ?? null)) old.replaceWith(fresh);
    else {
      old?.remove();
      // A row older than the last one shown belongs to a later page.
      if (!next && $('.more') && !old) return;
      rows.insertBefore(fresh, next ?? null);
    }
    if (focused) $('a', fresh).focus({ preventScroll: true });
  };
  const refreshRow = async (id) => {
    const response = await get(`row/${id}?${query}`);
    if (response.ok) placeRow(id, response.status === 204 ? null : parse(await response.text()).firstElementChild);
  };
  const refreshRows = async () => {
    const response = await get(`rows?${query}`);
    if (!response.ok) return;
    const fresh = parse(await response.text()).firstElementChild;
    const top = $('#rows').scrollTop;
    const focused = document.activeElement?.closest?.('.row')?.id;
    if (fresh.children.length && $('.list > .empty')) $('.list > .empty').remove();
    swap($('#rows'), fresh);
    fresh.scrollTop = top;
    if (focused) $(`#${focused} a`)?.focus({ preventScroll: true });
  };
  const refreshTabs = async () => {
    const response = await get(`tabs?${query}`);
    if (response.ok) swap($('#tabs'), parse(await response.text()).firstElementChild);
  };

  // --- the thread

  // The pane is laid out from its end, so 0 is the newest message and older ones are negative.
  const atEnd = () => scroll.scrollTop > -48;
  const keepPlace = (change) => {
    const stay = atEnd();
    const before = scroll.scrollHeight;
    change();
    scroll.scrollTop = stay ? 0 : scroll.scrollTop - (scroll.scrollHeight - before);
    return stay;
  };
  const appendNew = async () => {
    if (thread.dataset.newer) return (pill.hidden = false);
    const last = [...log.querySelectorAll('article')].pop();
    const response = await get(`thread/${contact}?after=${last?.dataset.messageId ?? ''}`);
    if (response.status === 205) return location.reload();
    if (!response.ok) return;
    const fresh = parse(await response.text());
    const articles = [...fresh.querySelectorAll('article')].filter((one) => !document.getElementById(one.id));
    if (!articles.length) return;
    articles.forEach((one) => one.classList.add('fresh'));
    const inbound = articles.some((one) => one.dataset.direction === 'inbound');
    const stayed = keepPlace(() => {
      $('.empty', log)?.remove();
      log.append(fresh);
    });
    if (!stayed && inbound) pill.hidden = false;
    if (inbound) seen();
  };
  const refreshMessage = async (id) => {
    const old = document.getElementById(`m${id}`);
    const response = await get(`message/${id}`);
    if (!response.ok) return;
    const fresh = parse(await response.text()).firstElementChild;
    fresh.classList.toggle('selected', old.classList.contains('selected'));
    $('.notes', fresh)?.toggleAttribute('open', $('.notes', old)?.open ?? false);
    keepPlace(() => swap(old, fresh));
  };
  const refreshFoot = async () => {
    const response = await get(`foot/${contact}`);
    if (!response.ok) return;
    const fresh = parse(await response.text());
    const [chip, foot] = fresh.children;
    const old = $('.composer');
    swap($('#window'), chip);
    tick.from = performance.now();
    if (foot.dataset.open !== old.dataset.open) {
      const draft = $('textarea', old)?.value;
      const box = $('textarea', foot);
      if (box && draft) box.value = draft;
      swap(old, foot);
    }
  };
  const refreshDrawer = async () => {
    const old = $('#drawer[data-message]');
    const response = await get(`drawer/${old.dataset.message}`);
    if (!response.ok) return;
    const fresh = parse(await response.text()).firstElementChild;
    const open = [...old.querySelectorAll('details')].map((one) => one.open);
    fresh.querySelectorAll('details').forEach((one, at) => (one.open = open[at] ?? false));
    const top = $('.inner', old).scrollTop;
    swap(old, fresh);
    $('.inner', fresh).scrollTop = top;
  };
  const refreshContact = async () => {
    const old = $('#drawer.contact');
    const response = old && (await get(`contact/${contact}`));
    if (!response?.ok) return;
    const fresh = parse(await response.text()).firstElementChild;
    const top = $('.inner', old).scrollTop;
    swap(old, fresh);
    $('.inner', fresh).scrollTop = top;
  };
  const seen = () => {
    if (document.hidden) return document.addEventListener('visibilitychange', seen, { once: true });
    fetch(`/messages/${contact}/seen`, { method: 'POST', body: new URLSearchParams({ csrf: body.dataset.csrf }) });
  };
  scroll?.addEventListener('scroll', () => { if (atEnd()) pill.hidden = true; });
  pill?.addEventListener('click', () => {
    if (thread.dataset.newer) return location.assign(`/messages/${contact}`);
    scroll.scrollTop = 0;
    pill.hidden = true;
  });
  log?.addEventListener('click', async (event) => {
    const link = event.target.closest('#older');
    if (!link) return;
    event.preventDefault();
    const before = new URL(link.href).searchParams.get('before');
    const response = await get(`older/${contact}?before=${before}`);
    if (!response.ok) return;
    const fresh = parse(await response.text());
    const day = link.nextElementSibling;
    const lastDay = [...fresh.querySelectorAll('.day')].pop()?.dataset.day;
    if (day?.matches('.day') && day.dataset.day === lastDay) day.remove();
    link.remove();
    log.prepend(fresh);
  });

  // --- what the browser could not load

  document.addEventListener('error', ({ target }) => {
    const figure = target instanceof Element && target.closest('[data-media]');
    if (!figure) return;
    figure.dataset.broken = '';
    figure.querySelector('.broken').hidden = false;
  }, true);

  // --- what changed

  const changed = { contacts: new Set(), messages: new Set(), thread: false, foot: false };
  let flushing;
  const note = ({ kind, contact: who, message }) => {
    if (who) changed.contacts.add(String(who));
    if (contact && String(who) === contact) {
      if (kind === 'message.received' || kind === 'message.accepted') changed.thread = changed.foot = true;
      if (kind === 'contact.updated') changed.foot = true;
      if (message && document.getElementById(`m${message}`)) changed.messages.add(message);
    }
    if (kind === 'channel.changed') changed.foot = true;
    flushing ??= setTimeout(flush, 200);
  };
  const flush = async () => {
    const { contacts, messages } = changed;
    const work = [];
    if (list && contacts.size) {
      work.push(refreshTabs());
      if (contacts.size > 12) work.push(refreshRows());
      else contacts.forEach((id) => work.push(refreshRow(id)));
      // A busy projection may lag behind: look once more.
      later([...contacts]);
    }
    if (contact) {
      if (changed.thread) work.push(appendNew());
      if (changed.foot) work.push(refreshFoot(), refreshContact());
      messages.forEach((id) => work.push(refreshMessage(id)));
      const drawn = $('#drawer[data-message]')?.dataset.message;
      if (drawn && messages.has(drawn)) work.push(refreshDrawer());
    }
    changed.contacts = new Set();
    changed.messages = new Set();
    changed.thread = changed.foot = false;
    await Promise.allSettled(work);
    flushing = undefined;
    if (changed.contacts.size || changed.thread || changed.foot) flushing = setTimeout(flush, 400);
  };
  const stale = new Set();
  let looking;
  const later = (ids) => {
    ids.forEach((id) => stale.add(id));
    looking ??= setTimeout(() => {
      looking = undefined;
      refreshTabs();
      if (stale.size > 12) refreshRows();
      else stale.forEach((id) => refreshRow(id));
      stale.clear();
    }, 1500);
  };

  // --- the connection

  let head = body.dataset.head;
  let tries = 0;
  let source;
  let silent;
  let cut;
  const connect = () => {
    source = new EventSource(`/messages/events?after=${head}`);
    const alive = (event) => {
      if (event.lastEventId) head = event.lastEventId;
      tries = 0;
      clearTimeout(cut);
      cut = undefined;
      $('[data-live-state]').hidden = true;
      clearTimeout(silent);
      silent = setTimeout(lost, 45000);
    };
    source.addEventListener('head', (event) => {
      alive(event);
      moved(JSON.parse(event.data).now);
    });
    source.addEventListener('change', (event) => {
      alive(event);
      note(JSON.parse(event.data));
    });
    source.addEventListener('reset', () => location.reload());
    source.onerror = lost;
  };
  const lost = () => {
    source.close();
    clearTimeout(silent);
    cut ??= setTimeout(() => ($('[data-live-state]').hidden = false), 2000);
    const wait = Math.min(30000, 500 * 2 ** tries++) * (0.75 + Math.random() / 2);
    setTimeout(connect, wait);
  };
  connect();
  addEventListener('pagehide', () => source.close());
  addEventListener('pageshow', (event) => event.persisted && location.reload());
  // The page may have been rendered a moment before the list's projection had followed.
  if (list && !new URLSearchParams(location.search).has('before')) setTimeout(() => { refreshRows(); refreshTabs(); }, 500);

  // --- time

  const stretch = (seconds) => {
    const minutes = Math.floor(seconds / 60);
    const [days, hours] = [Math.floor(minutes / 1440), Math.floor(minutes / 60) % 24];
    if (days) return `${days} d ${hours} h`;
    if (hours) return `${hours} h ${minutes % 60} m`;
    return minutes ? `${minutes} m` : `${Math.floor(seconds)} s`;
  };
  const tick = () => {
    const chip = $('#window[data-left]');
    if (!chip) return;
    const left = chip.dataset.left - (performance.now() - tick.from) / 1000;
    if (left <= 0) return refreshFoot();
    $('.left', chip).textContent = stretch(left);
    chip.classList.toggle('warm', left < 7200);
  };
  tick.from = performance.now();
  setInterval(tick, 15000);
  // A clock that was moved (a test, the demo, a machine that slept) changes every time on the page.
  const started = Number(body.dataset.now);
  let drift = 0;
  const moved = (now) => {
    const off = now - started - performance.now();
    if (Math.abs(off - drift) > 5000) {
      if (!$('#reply textarea')?.value) return location.reload();
      refreshFoot();
    }
    drift = off;
  };

  // --- writing

  const renew = (form) => {
    const fresh = new Uint8Array(16);
    crypto.getRandomValues(fresh);
    form.elements.client.value = [...fresh].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  };
  document.addEventListener('submit', async (event) => {
    const form = event.target;
    if (form.id !== 'reply') return;
    event.preventDefault();
    if (form.dataset.busy) return;
    form.dataset.busy = 'true';
    try {
      const sent = new URLSearchParams(new FormData(form));
      const response = await fetch(form.action, { method: 'POST', body: sent, headers: { 'X-Fragment': '1' } });
      if (response.status === 204) {
        form.elements.text.value = '';
        renew(form);
        $('.error', form)?.classList.replace('error', 'help');
        form.elements.text.removeAttribute('aria-invalid');
        if (thread.dataset.newer) location.assign(`/messages/${contact}`);
        else {
          scroll.scrollTop = 0;
          await appendNew();
        }
      } else if (response.status === 422) {
        const fresh = $('.composer', new DOMParser().parseFromString(await response.text(), 'text/html'));
        form.replaceWith(fresh);
        $('textarea', fresh)?.focus();
      } else if (response.status === 401 || response.status === 403) {
        // Signed out meanwhile: the text waits for the way back.
        sessionStorage.setItem(`draft ${contact}`, form.elements.text.value);
        location.reload();
      } else {
        form.submit();
      }
    } catch {
      // The connection is gone; the text stays, and its name keeps a second try from doubling it.
      $('[data-live-state]').hidden = false;
    } finally {
      delete form.dataset.busy;
    }
  });

  const draft = contact && sessionStorage.getItem(`draft ${contact}`);
  if (draft && $('#reply textarea')) {
    $('#reply textarea').value ||= draft;
    sessionStorage.removeItem(`draft ${contact}`);
  }

  // --- the keyboard

  const typing = (element) => element?.closest?.('input, textarea, select, [contenteditable]');
  const step = (by) => {
    const links = [...document.querySelectorAll('#rows .row > a')];
    if (!links.length) return;
    const now = links.indexOf(document.activeElement);
    const open = links.findIndex((link) => link.getAttribute('aria-current'));
    const from = now >= 0 ? now : open >= 0 ? open : by > 0 ? -1 : links.length;
    links[Math.min(Math.max(from + by, 0), links.length - 1)].focus();
  };
  const close = () => {
    const menu = $('.me[open]');
    if (menu) return menu.removeAttribute('open');
    if ($('.at-drawer')) location.assign($('#drawer .close').href);
  };
  document.addEventListener('keydown', (event) => {
    const box = typing(event.target);
    if (box) {
      if (event.key === 'Escape') box.blur();
      const touch = matchMedia('(pointer: coarse)').matches;
      const sends = event.key === 'Enter' && !event.shiftKey && !event.isComposing && (event.ctrlKey || event.metaKey || !touch);
      if (sends && box.form?.id === 'reply') {
        event.preventDefault();
        box.form.requestSubmit();
      }
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || $('dialog[open]')) return;
    const act = {
      j: () => step(1),
      k: () => step(-1),
      u: () => contact && location.assign($('.back').href),
      r: () => $('#reply textarea')?.focus(),
      Escape: close,
      '?': () => $('#keys').showModal(),
    }[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  });
  document.addEventListener('click', (event) => {
    const menu = $('.me[open]');
    if (menu && !menu.contains(event.target)) menu.removeAttribute('open');
  });

  const target = $('.msg.selected') ?? (location.hash.startsWith('#m') && document.getElementById(location.hash.slice(1)));
  if (target) target.scrollIntoView({ block: 'center' });
  if (location.hash === '#difference') $('#difference')?.scrollIntoView();
})();

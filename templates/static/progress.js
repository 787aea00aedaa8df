// The page of an upload while it is worked on: what the server says replaces
// what the page says. Without this script the page reloads by itself.
"use strict";
(function () {
  const box = document.getElementById("progress");
  if (!box || !window.EventSource) return;
  const bar = box.querySelector("progress");
  const said = document.getElementById("progress-said");
  const put = function (name, text) {
    const at = box.querySelector('[data-part="' + name + '"]');
    if (at && at.textContent !== text) at.textContent = text;
  };
  const again = function () { location.replace(box.dataset.page); };
  const source = new EventSource(box.dataset.events);
  let stage = said.textContent;
  source.addEventListener("progress", function (e) {
    const text = JSON.parse(e.data).text;
    ["stage", "step", "amount", "rate", "left"].forEach(function (name) { put(name, text[name]); });
    if (text.bar < 0) bar.removeAttribute("value");
    else bar.value = text.bar;
    bar.textContent = text.amount;
    // Once a stage for those who listen: figures that change twice a second are noise.
    if (stage !== text.stage) said.textContent = stage = text.stage;
  });
  source.addEventListener("state", function (e) {
    if (JSON.parse(e.data).state !== box.dataset.state) { source.close(); again(); }
  });
  source.addEventListener("error", function () {
    if (source.readyState === EventSource.CLOSED) setTimeout(again, 10000);
  });
})();

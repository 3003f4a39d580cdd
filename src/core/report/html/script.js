// The report works without this; it adds sorting, filtering and a choice of theme.
(function () {
  "use strict";
  var root = document.documentElement;

  // --- theme: follows the system until someone chooses
  var button = document.getElementById("theme");
  var system = matchMedia("(prefers-color-scheme: dark)");
  function stored(value) {
    try { // a file opened from disk may have no storage
      if (value) localStorage.setItem("carve-theme", value);
      return localStorage.getItem("carve-theme");
    } catch (e) { return null; }
  }
  function dark() {
    return root.dataset.theme ? root.dataset.theme === "dark" : system.matches;
  }
  function name() {
    button.textContent = dark() ? "Light" : "Dark";
    button.setAttribute("aria-label", "Switch to " + (dark() ? "light" : "dark") + " colours");
  }
  var kept = stored();
  if (kept === "dark" || kept === "light") root.dataset.theme = kept;
  button.addEventListener("click", function () {
    root.dataset.theme = dark() ? "light" : "dark";
    stored(root.dataset.theme);
    name();
  });
  system.addEventListener("change", name);
  name();
  button.hidden = false;

  // --- on paper nothing can be unfolded
  addEventListener("beforeprint", function () {
    document.querySelectorAll(".card details").forEach(function (fold) { fold.open = true; });
  });

  // --- sort
  var table = document.getElementById("workload-table");
  var body = table.tBodies[0];
  var rows = Array.prototype.slice.call(body.rows);
  var heads = Array.prototype.slice.call(table.tHead.rows[0].cells);
  function value(row, column, numeric) {
    var cell = row.cells[column];
    return numeric ? parseFloat(cell.dataset.v) : cell.textContent.toLowerCase();
  }
  function sort(head, column) {
    var numeric = head.dataset.sort === "n";
    var now = head.getAttribute("aria-sort");
    var rising = now ? now === "descending" : !numeric;
    heads.forEach(function (other) { other.removeAttribute("aria-sort"); });
    head.setAttribute("aria-sort", rising ? "ascending" : "descending");
    var keyed = rows.map(function (row, i) { return { row: row, key: value(row, column, numeric), i: i }; });
    keyed.sort(function (a, b) {
      var order = a.key < b.key ? -1 : a.key > b.key ? 1 : 0;
      return (rising ? order : -order) || a.i - b.i;
    });
    rows = keyed.map(function (k) { return k.row; });
    body.append.apply(body, rows);
  }
  heads.forEach(function (head, column) {
    if (!head.dataset.sort) return;
    var sorter = document.createElement("button");
    sorter.type = "button";
    sorter.textContent = head.textContent;
    head.textContent = "";
    head.append(sorter);
    sorter.addEventListener("click", function () { sort(head, column); });
  });

  // --- filter: every word must occur in the row
  var filter = document.getElementById("filter");
  var shown = document.getElementById("shown");
  var texts = new Map(rows.map(function (row) { return [row, row.textContent.toLowerCase()]; }));
  function apply() {
    var words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    var count = 0;
    rows.forEach(function (row) {
      var hit = words.every(function (word) { return texts.get(row).includes(word); });
      row.hidden = !hit;
      count += hit ? 1 : 0;
    });
    shown.textContent = words.length ? count + " of " + rows.length : "";
  }
  filter.addEventListener("input", apply);
  filter.closest(".tools").hidden = false;
  apply();
})();

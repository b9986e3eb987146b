// What moves on a lesson's page: sliders, predictions, quizzes. A classic script without requests: it runs from file://.
"use strict";
(() => {
  const main = document.getElementById("main");
  const all = (selector, within = main) => [...within.querySelectorAll(selector)];
  const key = `banet-edu-site/${main.dataset.lesson}`;

  // Answers: kept in this browser where it lets a file keep something, else until the page is left.
  let kept = { answers: {}, opened: {} };
  try {
    const stored = JSON.parse(localStorage.getItem(key) || "{}");
    for (const part of ["answers", "opened"]) kept[part] = { ...kept[part], ...stored[part] };
  } catch { /* not allowed, or damaged */ }
  const keep = () => { try { localStorage.setItem(key, JSON.stringify(kept)); } catch { /* not allowed */ } };
  document.getElementById("forget").addEventListener("click", () => {
    try { localStorage.removeItem(key); } catch { /* not allowed: nothing was kept */ }
    location.reload();
  });

  // A panel: the picture whose number the sliders spell, the last one moving fastest.
  for (const panel of all(".panel")) {
    const frames = JSON.parse(panel.dataset.frames), sliders = all("input[type=range]", panel);
    const picture = panel.querySelector("img"), said = panel.querySelector(".said"), alt = picture.alt;
    const draw = () => {
      let number = 0;
      const set = sliders.map(slider => {
        const shown = JSON.parse(slider.dataset.shown), value = shown[slider.value];
        number = number * shown.length + Number(slider.value);
        slider.setAttribute("aria-valuetext", value);
        slider.nextElementSibling.textContent = value;
        return value;
      });
      const frame = frames[number], words = frame.startsWith("!");
      picture.hidden = words;
      said.hidden = !words;
      if (words) said.textContent = frame.slice(1);
      else { picture.src = `pictures/${frame}`; picture.alt = `${alt} (${set.join(", ")})`; }
    };
    sliders.forEach(slider => slider.addEventListener("input", draw));
    draw();
  }

  // Predictions: the first committed answer counts; its outcome opens when every question of the cell is answered.
  const questions = all(".question"), comparisons = all(".comparison");
  for (const form of questions) {  // a page that was built again may ask with other words: such an answer is none
    const given = kept.answers[form.dataset.name], options = all("input[type=radio]", form).map(each => each.value);
    const asked = given && (options.length ? options.includes(given.answer) : typeof given.answer === "number");
    if (!asked) delete kept.answers[form.dataset.name];
  }
  const number = value => String(Number(Number(value).toPrecision(4)));
  const inUnit = (value, unit) =>  // as `with_unit` of asking.py
    `${number(value)} ${Number(value) === 1 && unit.length > 3 ? unit.replace(/s$/, "") : unit}`.trim();
  const withUnit = (form, answer) =>
    form.elements.answer.type === "number" ? inUnit(answer, form.dataset.unit) : answer;
  const verdict = comparison => {
    const facts = JSON.parse(comparison.dataset.facts), given = kept.answers[facts.name];
    if (!given) return { facts, right: false, text: null };
    const numeric = typeof facts.outcome === "number";
    const right = numeric ? Math.abs(given.answer - facts.outcome) <= facts.tolerance + 1e-9 : given.answer === facts.outcome;
    const said = numeric ? facts.said[right ? "right" : "wrong"] : facts.said[given.answer];
    const answer = numeric ? inUnit(given.answer, facts.unit) : given.answer;
    return { facts, right, text: said[given.before ? "before" : "after"].replace("{answer}", () => answer) };
  };
  const showAll = () => {
    for (const form of questions) {
      const given = kept.answers[form.dataset.name];
      if (!given) continue;
      for (const control of form.elements) {
        control.disabled = true;
        if (control.type === "radio") control.checked = control.value === given.answer;
        if (control.type === "number") control.value = given.answer;
      }
      form.querySelector(".recorded").textContent = `Recorded: ${withUnit(form, given.answer)}. ` +
        (given.before ? "Now look at what happened, below." : "The outcome was on the screen already.");
    }
    for (const gate of all(".gate")) {
      const needs = JSON.parse(gate.dataset.needs);
      const open = needs.every(name => kept.answers[name] || kept.opened[name]);
      gate.querySelector(".closed").hidden = open;
      gate.querySelector(".outcome").hidden = !open;
    }
    for (const comparison of comparisons) {
      const found = verdict(comparison);
      if (found.text !== null) comparison.querySelector("pre").textContent = found.text;
    }
    const before = questions.filter(form => kept.answers[form.dataset.name]?.before).map(form => form.dataset.name);
    const right = comparisons.map(verdict).filter(found => found.right && before.includes(found.facts.name)).length;
    for (const summary of all(".summary")) {
      summary.textContent = `Predictions recorded before the outcome: ${before.length} of ${questions.length}` +
        (before.length ? `, ${right} as predicted.` : ".");
    }
  };
  for (const form of questions) {
    form.addEventListener("input", () => { form.querySelector("button").disabled = false; });
    form.addEventListener("submit", event => {
      event.preventDefault();
      const field = form.elements.answer, name = form.dataset.name;
      if (kept.answers[name] || field.value === "") return;
      const answer = field.type === "number" ? Number(field.value) : field.value;
      kept.answers[name] = { answer, before: !kept.opened[name] };
      keep();
      showAll();
    });
  }
  for (const gate of all(".gate")) {
    gate.querySelector(".open").addEventListener("click", () => {
      for (const name of JSON.parse(gate.dataset.needs)) if (!kept.answers[name]) kept.opened[name] = true;
      keep();
      showAll();
    });
  }
  showAll();

  // A quiz: the first press of a question counts; the others may be tried out.
  for (const quiz of all(".quiz")) {
    const asked = all("fieldset", quiz), first = new Map();
    const score = () => {
      const right = [...first.values()].filter(Boolean).length;
      quiz.querySelector(".score").textContent = `Right at the first try: ${right} of ${asked.length}.`;
    };
    for (const question of asked) {
      for (const option of all("button", question)) {
        option.addEventListener("click", () => {
          const right = option.dataset.right === "true", answer = question.querySelector(".answer");
          if (!first.has(question)) first.set(question, right);
          for (const each of all("button", question)) each.setAttribute("aria-pressed", String(each === option));
          answer.className = right ? "answer right" : "answer wrong";
          answer.textContent = `${right ? "Right." : "Not quite."} ${option.dataset.said}`;
          score();
        });
      }
    }
    score();
  }
})();

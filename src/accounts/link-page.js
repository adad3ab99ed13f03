"use strict";
const form = document.querySelector("form");
const told = document.getElementById("told");
form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const [password, again] = Array.from(form.querySelectorAll("input"), (field) => field.value);
  if (password !== again) {
    told.textContent = "The two passwords are not the same.";
    return;
  }
  const button = form.querySelector("button");
  button.disabled = true;
  told.textContent = "";
  try {
    const answer = await fetch(location.pathname, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ password }),
      credentials: "omit",
    });
    if (answer.ok) {
      form.remove();
      told.textContent = "The password is set. You can log in with it now, and close this page.";
      return;
    }
    const problem = await answer.json();
    told.textContent = problem.title + ". " + problem.detail;
  } catch {
    told.textContent = "The registry could not be reached. Try again.";
  }
  button.disabled = false;
});

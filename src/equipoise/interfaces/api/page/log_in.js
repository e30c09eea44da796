// Logs in by name and password, or begins at the company's identity provider; says what went wrong beside the form.
const form = document.querySelector("form");
const said = document.querySelector(".fault");

async function asked(path, options) {
  const answer = await fetch(path, { headers: { "Content-Type": "application/json" }, ...options });
  const held = await answer.json();
  if (!answer.ok) throw new Error(`${held.message} ${held.fix}`);
  return held;
}

async function tried(work) {
  said.textContent = "";
  try {
    await work();
  } catch (error) {
    said.textContent = error.message;
  }
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const given = Object.fromEntries(new FormData(form));
  tried(async () => {
    await asked("/api/v1/login", { method: "POST", body: JSON.stringify(given) });
    location.assign("/");
  });
});

document.querySelector("#provider")?.addEventListener("click", () =>
  tried(async () => {
    const begun = await asked("/api/v1/oidc/begin", {});
    location.assign(begun.url);
  }),
);

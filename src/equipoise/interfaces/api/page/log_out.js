// Ends the session and shows the form to log in again.
document.querySelector("#log-out")?.addEventListener("click", async () => {
  await fetch("/api/v1/logout", { method: "POST", headers: { "Content-Type": "application/json" }, body: "{}" });
  location.assign("/log-in");
});

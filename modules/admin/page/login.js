// A token that was tried and refused stands in the address: it goes from there.
if (new URLSearchParams(location.search).has("token")) {
  document.getElementById("wrong").hidden = false;
  history.replaceState(null, "", "/");
}

// A picture that stands for days must not burn in: once an hour it moves by a few pixels.
const PLACES = ["0", "1", "2", "3"];
const HOUR_MS = 3600000;

function move() {
  document.body.dataset.shift = PLACES[Math.floor(Date.now() / HOUR_MS) % PLACES.length];
}

move();
setInterval(move, 60000);

// The curves of a video: unpacked once, then asked for points.

async function inflate(base64) {
  if (typeof DecompressionStream === "undefined") throw new Error("this browser cannot unpack them; one of 2023 or later can");
  const packed = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

class Curves {
  /** `bytes` as src/feelit/reports/curves.py lays them out; `video` says how many points there are, and of whom. */
  constructor(bytes, video) {
    const points = video.points;
    const planes = 1 + Number(video.speaking) + EMOTIONS.length * (video.step_s ? 3 : 1);
    const expected = 4 * points + video.people.reduce((sum, person) => sum + person.points * planes, 0);
    if (bytes.length !== expected) throw new Error("they are damaged");
    this.gap = Math.max(video.quality.gap_s, 1.5 * (video.step_s ?? 0));
    this.interval = video.step_s ?? video.quality.interval_s;
    this.times = new Float64Array(points);
    let ticks = 0;
    for (let i = 0; i < points; i++) {
      ticks += bytes[i] + 256 * (bytes[points + i] + 256 * (bytes[2 * points + i] + 256 * bytes[3 * points + i]));
      this.times[i] = ticks / REPORT.ticks;
    }
    let place = 4 * points;
    const take = (size) => bytes.subarray(place, (place += size));
    this.people = video.people.map((person) => {
      const state = take(person.points);
      const speaking = video.speaking ? take(person.points) : null;
      const levels = () => EMOTIONS.map(() => summed(take(person.points)));
      const mean = levels();
      const [low, high] = video.step_s ? [levels(), levels()] : [mean, mean];
      return { id: person.id, first: person.first, end: person.first + person.points, state, speaking, mean, low, high };
    });
  }

  /** The place of the first point at or after a time. */
  placeOf(time) {
    let [low, high] = [0, this.times.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.times[middle] < time) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** The place of the point that is nearest to a time, -1 if there are none. */
  nearest(time) {
    const right = this.placeOf(time);
    if (right === 0) return this.times.length ? 0 : -1;
    if (right === this.times.length) return right - 1;
    return time - this.times[right - 1] < this.times[right] - time ? right - 1 : right;
  }

  stateAt(person, place) {
    return place >= person.first && place < person.end ? person.state[place - person.first] : ABSENT;
  }

  /** Probability of an emotion, null where none is claimed. */
  levelAt(person, emotion, place) {
    return this.stateAt(person, place) < UNREADABLE ? person.mean[emotion][place - person.first] / REPORT.levels : null;
  }

  /** Whether somebody speaks; null where that is not known. */
  speaksAt(person, place) {
    if (!person.speaking || place < person.first || place >= person.end) return null;
    return [false, true, null][person.speaking[place - person.first]];
  }

  /** The highest probability of every emotion. */
  highest(person) {
    return person.high.map((levels) => levels.reduce((a, b) => Math.max(a, b), 0) / REPORT.levels);
  }

  /** How many points go into one of at most `most` between two times. */
  pointsInOne(from, to, most) {
    return Math.max(1, Math.ceil((this.placeOf(to) - this.placeOf(from)) / most));
  }

  /**
   * Times and probabilities between two times, a little beyond them: {times, mean, low, high}, the last three a list of values
   * an emotion. Where there are more points than `most`, neighbours are joined. null parts what frames are missing between.
   */
  series(person, emotions, from, to, most) {
    const group = this.pointsInOne(from, to, most);
    const begin = Math.max(person.first, Math.floor((this.placeOf(from) - group) / group) * group, 0);
    const end = Math.min(person.end, this.placeOf(to) + group);
    const lists = () => emotions.map(() => []);
    const result = { times: [], mean: lists(), low: lists(), high: lists() };
    for (let a = begin; a < end; a = this.join(person, emotions, a, Math.min(a + group, end), result));
    return result;
  }

  /** Join the points from `a` on as far as `b` or a gap; returns where it stopped. */
  join(person, emotions, a, b, result) {
    const times = this.times;
    const push = (time, values) => {
      result.times.push(time);
      emotions.forEach((emotion, k) => ["mean", "low", "high"].forEach((what, n) => result[what][k].push(values(emotion)[n])));
    };
    if (a > person.first && times[a] - times[a - 1] > this.gap) push((times[a] + times[a - 1]) / 2, () => [null, null, null]);
    let stop = a + 1;
    while (stop < b && times[stop] - times[stop - 1] <= this.gap) stop++;
    const [from, to] = [a - person.first, stop - person.first];
    push((times[a] + times[stop - 1]) / 2, (emotion) => {
      let [sum, shown, low, high] = [0, 0, REPORT.levels, 0];
      for (let i = from; i < to; i++) {
        if (person.state[i] >= UNREADABLE) continue;
        sum += person.mean[emotion][i];
        low = Math.min(low, person.low[emotion][i]);
        high = Math.max(high, person.high[emotion][i]);
        shown++;
      }
      return shown ? [sum / shown, low, high].map((level) => level / REPORT.levels) : [null, null, null];
    });
    return stop;
  }

  /**
   * Somebody in each of `count` equal parts of a stretch. `state`: -1 no frame was sampled, ABSENT, UNREADABLE, or 0 where
   * something is shown; `stack`: for these, and every emotion, the mean probability over the points that show it, times their
   * share, so that all of a column add up to the mean probability of what is shown. `speaks`: 1 somewhere in the column.
   */
  columns(person, from, to, count) {
    const kinds = EMOTIONS.length;
    const result = {
      state: new Int8Array(count).fill(-1),
      stack: new Float32Array(count * kinds),
      speaks: new Uint8Array(count),
    };
    const width = (to - from) / count;
    let place = this.placeOf(from);
    for (let column = 0; column < count; column++) {
      const end = this.placeOf(from + (column + 1) * width);
      if (end > place) this.addColumn(person, place, end, column, result);
      else if (place > 0 && from + column * width - this.times[place - 1] <= this.gap) {
        this.addBetween(person, place - 1, from + (column + 0.5) * width, column, result);
      }
      place = end;
    }
    return result;
  }

  addColumn(person, first, end, column, { state, stack, speaks }) {
    let [shown, unreadable] = [0, 0];
    const base = column * EMOTIONS.length;
    for (let place = Math.max(first, person.first); place < Math.min(end, person.end); place++) {
      const here = person.state[place - person.first];
      if (here === UNREADABLE) unreadable++;
      if (this.speaksAt(person, place)) speaks[column] = 1;
      if (here >= UNREADABLE) continue;
      stack[base + here] += person.mean[here][place - person.first] / REPORT.levels;
      shown++;
    }
    state[column] = shown + unreadable === 0 ? ABSENT : unreadable > shown ? UNREADABLE : 0;
    for (let k = 0; k < EMOTIONS.length; k++) stack[base + k] /= Math.max(shown, 1);
  }

  /** A column between the points `place` and the next one: the state of the first, on a straight line to the next. */
  addBetween(person, place, time, column, { state, stack, speaks }) {
    const here = this.stateAt(person, place);
    state[column] = here < UNREADABLE ? 0 : here;
    if (this.speaksAt(person, place)) speaks[column] = 1;
    if (here >= UNREADABLE) return;
    const level = this.levelAt(person, here, place);
    const next = this.levelAt(person, here, place + 1) ?? level;
    const share = (time - this.times[place]) / (this.times[place + 1] - this.times[place] || Infinity);
    stack[column * EMOTIONS.length + here] = level + (next - level) * Math.min(Math.max(share || 0, 0), 1);
  }
}

/** Differences modulo 256, added up in place. */
function summed(bytes) {
  for (let i = 1; i < bytes.length; i++) bytes[i] += bytes[i - 1];
  return bytes;
}

// The curves of a video: unpacked once, then asked for points.

async function inflate(base64) {
  if (typeof DecompressionStream === "undefined") throw new Error("this browser cannot unpack them; one of 2023 or later can");
  const packed = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

class Curves {
  /** `bytes` as src/feelit/reports/curves.py lays them out; `video` says how many points there are, and of which tracks. */
  constructor(bytes, video) {
    const points = video.points;
    const expected = 4 * points + video.tracks.reduce((sum, track) => sum + track.points * (1 + EMOTIONS.length), 0);
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
    this.tracks = video.tracks.map((track) => {
      const state = take(track.points);
      const levels = EMOTIONS.map(() => summed(take(track.points)));
      return { id: track.id, first: track.first, end: track.first + track.points, state, levels };
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

  stateAt(track, place) {
    return place >= track.first && place < track.end ? track.state[place - track.first] : ABSENT;
  }

  /** Probability of an emotion, null where none is claimed. */
  levelAt(track, emotion, place) {
    return this.stateAt(track, place) < UNREADABLE ? track.levels[emotion][place - track.first] / REPORT.levels : null;
  }

  /** How many points go into one of at most `most` between two times. */
  pointsInOne(from, to, most) {
    return Math.max(1, Math.ceil((this.placeOf(to) - this.placeOf(from)) / most));
  }

  /**
   * Times and probabilities between two times, a little beyond them, as uPlot wants them: [times, values, values, ...].
   * Where there are more points than `most`, neighbours are averaged. Curves are broken where frames are missing.
   */
  series(track, emotions, from, to, most) {
    const group = this.pointsInOne(from, to, most);
    const begin = Math.max(track.first, Math.floor((this.placeOf(from) - group) / group) * group, 0);
    const end = Math.min(track.end, this.placeOf(to) + group);
    const columns = [[], ...emotions.map(() => [])];
    for (let a = begin; a < end; a = this.addMean(track, emotions, a, Math.min(a + group, end), columns));
    return columns;
  }

  /** Average the points from `a` on as far as `b` or a gap; returns where it stopped. */
  addMean(track, emotions, a, b, columns) {
    const times = this.times;
    if (a > track.first && times[a] - times[a - 1] > this.gap) this.addBreak((times[a] + times[a - 1]) / 2, columns);
    let stop = a + 1;
    while (stop < b && times[stop] - times[stop - 1] <= this.gap) stop++;
    let shown = 0;
    for (let i = a; i < stop; i++) shown += track.state[i - track.first] < UNREADABLE;
    columns[0].push((times[a] + times[stop - 1]) / 2);
    emotions.forEach((emotion, k) => {
      let sum = 0;
      for (let i = a; i < stop; i++) {
        if (track.state[i - track.first] < UNREADABLE) sum += track.levels[emotion][i - track.first];
      }
      columns[k + 1].push(shown ? sum / shown / REPORT.levels : null);
    });
    return stop;
  }

  addBreak(time, columns) {
    columns[0].push(time);
    for (let k = 1; k < columns.length; k++) columns[k].push(null);
  }

  /** What a track mostly is in each of `columns` equal parts of a stretch; -1 where no frame was sampled. */
  mostly(track, from, to, columns) {
    const result = new Int8Array(columns).fill(-1);
    const votes = new Uint32Array(STATES.length);
    const width = (to - from) / columns;
    let place = this.placeOf(from);
    for (let column = 0; column < columns; column++) {
      const end = this.placeOf(from + (column + 1) * width);
      if (end > place) {
        votes.fill(0);
        for (let i = place; i < end; i++) votes[this.stateAt(track, i)]++;
        result[column] = votes.indexOf(Math.max(...votes));
      } else if (place > 0 && from + column * width - this.times[place - 1] <= this.gap) {
        result[column] = this.stateAt(track, place - 1);
      }
      place = end;
    }
    return result;
  }
}

/** Differences modulo 256, added up in place. */
function summed(bytes) {
  for (let i = 1; i < bytes.length; i++) bytes[i] += bytes[i - 1];
  return bytes;
}

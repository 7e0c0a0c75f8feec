// What signals say of a face, on the picture: axes of the head, where the eyes look, lids and lips; and as bars on its card.

import { look, strokeTwice } from "./look.js";

const LEAST_PX = 28; // smaller faces, in px of the page, get no marks
const LEAST_DETAIL_PX = 56; // and smaller ones none of lids and lips
const SHUT = 0.4; // eyes that are open by less look nowhere
const CAMERA_DEG = 15; // gaze within so much of the camera is at it
const TURN_DEG = 10; // a head that is turned by less is straight
const AXES = [
  ["right", [1, 0, 0]],
  ["up", [0, 1, 0]],
  ["ahead", [0, 0, 1]],
];

const radians = (degrees) => (degrees * Math.PI) / 180;

/** A direction of the head, seen by the camera: to the right of the picture and up. */
function turned([x, y, z], { pitch_deg, yaw_deg, roll_deg }) {
  const [p, w, r] = [pitch_deg, yaw_deg, roll_deg].map(radians);
  [y, z] = [y * Math.cos(p) + z * Math.sin(p), z * Math.cos(p) - y * Math.sin(p)];
  [x, z] = [x * Math.cos(w) + z * Math.sin(w), z * Math.cos(w) - x * Math.sin(w)];
  return [x * Math.cos(r) + y * Math.sin(r), y * Math.cos(r) - x * Math.sin(r)];
}

/** Draws on one face; `scale` makes px of the canvas out of those of the video, `unit` out of those of the page. */
export function drawMarks(pen, { box, landmarks, signals }, scale, unit) {
  if (!signals) return;
  const size = Math.sqrt((box[2] - box[0]) * (box[3] - box[1])) * scale;
  if (size < LEAST_PX * unit) return;
  const [right, left, nose, mouthRight, mouthLeft] = landmarks.map(([x, y]) => [x * scale, y * scale]);
  const angle = Math.atan2(left[1] - right[1], left[0] - right[0]);
  if (size >= LEAST_DETAIL_PX * unit) {
    const mouth = [(mouthRight[0] + mouthLeft[0]) / 2, (mouthRight[1] + mouthLeft[1]) / 2];
    const reach = Math.hypot(mouthLeft[0] - mouthRight[0], mouthLeft[1] - mouthRight[1]) / 2;
    const lens = ([x, y], half, high) => (path) => path.ellipse(x, y, half, high, angle, 0, 2 * Math.PI);
    strokeTwice(pen, lens(right, 0.085 * size, 0.05 * size * signals.eye_open_right), 1.5 * unit, look.inks.ink);
    strokeTwice(pen, lens(left, 0.085 * size, 0.05 * size * signals.eye_open_left), 1.5 * unit, look.inks.ink);
    strokeTwice(pen, lens(mouth, Math.max(reach, 0.05 * size), 0.275 * size * Math.min(signals.mouth_open, 0.6)), 1.5 * unit, look.inks.ink);
  }
  const ray = ([x, y], [side, up], length) => (path) => {
    path.moveTo(x, y);
    path.lineTo(x + length * side, y - length * up);
    path.arc(x, y, 1.5 * unit, 0, 2 * Math.PI);
  };
  for (const [name, axis] of AXES) strokeTwice(pen, ray(nose, turned(axis, signals), 0.38 * size), 3 * unit, look.marks[name]);
  const [yaw, pitch] = [radians(signals.gaze_yaw_deg), radians(signals.gaze_pitch_deg)];
  const way = [Math.sin(yaw) * Math.cos(pitch), Math.sin(pitch)];
  for (const [eye, open] of [
    [right, signals.eye_open_right],
    [left, signals.eye_open_left],
  ])
    if (open >= SHUT) strokeTwice(pen, ray(eye, way, 0.75 * size), 3 * unit, look.marks.gaze);
}

/** The bars of a card: what each is called, and how long it is, 0 to 1. */
export const BARS = [
  ["eyes open", (s) => (s.eye_open_left + s.eye_open_right) / 2],
  ["mouth open", (s) => Math.min(1, s.mouth_open / 0.5)],
  ["smile", (s) => s.smile],
  ["brows raised", (s) => s.brow_raise],
  ["brows lowered", (s) => s.brow_lower],
];

/** A line about where the head is turned and the eyes look. */
export function pose(signals) {
  const parts = [];
  if (Math.abs(signals.yaw_deg) >= TURN_DEG) parts.push(signals.yaw_deg > 0 ? "right" : "left");
  if (Math.abs(signals.pitch_deg) >= TURN_DEG) parts.push(signals.pitch_deg > 0 ? "up" : "down");
  const head = parts.length ? `turned ${parts.join(" and ")}` : "straight";
  if (Math.max(signals.eye_open_left, signals.eye_open_right) < SHUT) return `head ${head}, eyes closed`;
  const off = Math.acos(Math.cos(radians(signals.gaze_yaw_deg)) * Math.cos(radians(signals.gaze_pitch_deg)));
  return `head ${head}, looks ${off <= radians(CAMERA_DEG) ? "at the camera" : "aside"}`;
}

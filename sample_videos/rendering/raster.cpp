// Draw one bust: triangles and hair strands into a visibility buffer, then shade what is seen.
//
// Camera space in decimetres: x to the right, y up, z towards the viewer (what is seen has z < 0). Light is linear RGB.
// Skin: diffuse light is gathered per pixel, blurred by channel (light that enters skin leaves beside where it entered,
// red farthest), then coloured; a gloss of two lobes goes on top. Hair: Kajiya and Kay, 1989. Shadows: a map from the key
// light, filtered. Ambient light: occlusion sampled in screen space.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

namespace {

struct Vec { float x, y, z; };
inline Vec operator+(Vec a, Vec b) { return {a.x + b.x, a.y + b.y, a.z + b.z}; }
inline Vec operator-(Vec a, Vec b) { return {a.x - b.x, a.y - b.y, a.z - b.z}; }
inline Vec operator*(Vec a, float s) { return {a.x * s, a.y * s, a.z * s}; }
inline Vec operator*(Vec a, Vec b) { return {a.x * b.x, a.y * b.y, a.z * b.z}; }
inline float dot(Vec a, Vec b) { return a.x * b.x + a.y * b.y + a.z * b.z; }
inline Vec cross(Vec a, Vec b) { return {a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x}; }
inline Vec unit(Vec a) { float n = std::sqrt(dot(a, a)); return n > 1e-12f ? a * (1 / n) : Vec{0, 0, 1}; }
inline Vec mix(Vec a, Vec b, float t) { return a * (1 - t) + b * t; }
inline float clamp01(float v) { return v < 0 ? 0 : v > 1 ? 1 : v; }
inline float step_to(float a, float b, float v) { float t = clamp01((v - a) / (b - a)); return t * t * (3 - 2 * t); }
inline float channel(Vec v, int c) { return c == 0 ? v.x : c == 1 ? v.y : v.z; }

inline float hash(int x, int y) {
    uint32_t h = uint32_t(x) * 374761393u + uint32_t(y) * 668265263u;
    h = (h ^ (h >> 13)) * 1274126177u;
    return float((h ^ (h >> 16)) & 0xffffff) / 16777216.0f;
}
inline float noise(float x, float y) {
    int i = int(std::floor(x)), j = int(std::floor(y));
    float u = x - i, v = y - j;
    u = u * u * (3 - 2 * u), v = v * v * (3 - 2 * v);
    float a = hash(i, j), b = hash(i + 1, j), c = hash(i, j + 1), d = hash(i + 1, j + 1);
    return (a * (1 - u) + b * u) * (1 - v) + (c * (1 - u) + d * u) * v;
}

enum Material : uint8_t { SKIN = 1, EYE, TEETH, TONGUE, CLOTH, HAIR, LASH, FRAME, MASK, SCARF, BROW };
constexpr float PI = 3.14159265f;

inline float squared(float v) { return v * v; }
inline float fifth(float v) { float s = v * v; return s * s * v; }

// Directions of a spiral of sampling points, turned by one of 64 angles.
struct Spiral {
    static constexpr int TURNS = 64, TAPS = 16;
    float x[TURNS][TAPS], y[TURNS][TAPS];
    Spiral() {
        for (int t = 0; t < TURNS; t++)
            for (int i = 0; i < TAPS; i++) {
                float a = 2 * PI * t / TURNS + i * 2.39996f;
                x[t][i] = std::cos(a), y[t][i] = std::sin(a);
            }
    }
};
const Spiral SPIRAL;

}  // namespace

extern "C" {

struct Bust {
    int32_t vertices, triangles, strands, points;  // points of one strand
    const float *position, *canon, *attribute;     // 3, 3 and 4 floats a vertex; attribute: lips, in the mouth, scalp, clip
    const int32_t *triangle;
    const uint8_t *material;
    const float *strand;                           // strands * points * 3
    const float *strand_look;                      // 4 floats a strand: width dm, brightness, material, unused
    const float *materials;                        // 8 floats a material: red, green, blue, gloss, pattern, ...
    int32_t texture_width, texture_height, grooves;
    const uint8_t *texture;                        // RGB (square root of linear) and roughness
    const float *groove;                           // grooves * height * width * 2: slope along theta and y
    const float *groove_weight;
    const float *eyes;                             // per eye: centre 3, gaze 3, radius, iris RGB 3
    const float *head;                             // centre of the head 3, radius, up 3
};

struct View {
    int32_t width, height, factor;                 // px of the output; samples a px along each axis
    float focal, x, y, exposure;                   // px; where the axis of the camera meets the picture
    const float *lights;                           // key: towards 3, RGB 3, softness dm; fill: 3, 3; rim: 3, 3; up RGB, down RGB
    const uint8_t *background;                     // height * width * 3, sRGB
    uint8_t *picture;                              // the same shape
    uint8_t *seen;                                 // height * width: share of the pixel that shows skin of the face, 0..255
};

void draw(const Bust *bust, const View *view);
}

namespace {

struct Canvas {
    int width, height;
    std::vector<float> depth;  // distance along the axis
    std::vector<int32_t> id;   // -1, a triangle, or triangles + segment
    Canvas(int w, int h) : width(w), height(h), depth(size_t(w) * h, 1e9f), id(size_t(w) * h, -1) {}
    void put(int x, int y, float d, int32_t what) {
        size_t at = size_t(y) * width + x;
        if (d < depth[at]) depth[at] = d, id[at] = what;
    }
};

// Points: x, y in px, z distance. `clip`: three numbers, what is interpolated below 0 is left out; or null.
void fill_triangle(Canvas &canvas, Vec a, Vec b, Vec c, int32_t what, bool both_sides, const float *clip) {
    float area = (b.x - a.x) * (c.y - a.y) - (b.y - a.y) * (c.x - a.x);
    if (area == 0 || (!both_sides && area > 0)) return;  // y points down: the front turns against the clock
    int x0 = std::max(0, int(std::ceil(std::min({a.x, b.x, c.x}) - 0.5f)));
    int x1 = std::min(canvas.width - 1, int(std::floor(std::max({a.x, b.x, c.x}) - 0.5f)));
    int y0 = std::max(0, int(std::ceil(std::min({a.y, b.y, c.y}) - 0.5f)));
    int y1 = std::min(canvas.height - 1, int(std::floor(std::max({a.y, b.y, c.y}) - 0.5f)));
    float over = 1 / area;
    for (int y = y0; y <= y1; y++)
        for (int x = x0; x <= x1; x++) {
            float px = x + 0.5f, py = y + 0.5f;
            float u = ((b.x - px) * (c.y - py) - (b.y - py) * (c.x - px)) * over;
            float v = ((c.x - px) * (a.y - py) - (c.y - py) * (a.x - px)) * over;
            float w = 1 - u - v;
            if (u < 0 || v < 0 || w < 0) continue;
            if (clip && u * clip[0] + v * clip[1] + w * clip[2] < 0) continue;
            canvas.put(x, y, u * a.z + v * b.z + w * c.z, what);
        }
}

void draw_segment(Canvas &canvas, Vec a, Vec b, float width, int32_t what, float odds) {
    float dx = b.x - a.x, dy = b.y - a.y;
    bool steep = std::fabs(dy) > std::fabs(dx);
    int steps = std::max(1, int(std::ceil(steep ? std::fabs(dy) : std::fabs(dx))));
    int wide = std::max(1, int(std::lround(width)));
    for (int i = 0; i <= steps; i++) {
        float t = float(i) / steps;
        int x = int(std::floor(a.x + dx * t)), y = int(std::floor(a.y + dy * t));
        for (int k = 0; k < wide; k++) {
            int xx = steep ? x + k - wide / 2 : x, yy = steep ? y : y + k - wide / 2;
            if (xx < 0 || yy < 0 || xx >= canvas.width || yy >= canvas.height) continue;
            if (odds < 1 && hash(what + k, i * 3) > odds) continue;
            canvas.put(xx, yy, a.z + (b.z - a.z) * t, what);
        }
    }
}

struct Shadow {
    static constexpr int SIZE = 640;
    static constexpr float HALF = 3.2f;
    Vec right, up, towards, centre;
    Canvas map{SIZE, SIZE};
    Shadow(Vec to, Vec middle) : towards(unit(to)), centre(middle) {
        right = unit(cross({0, 1, 0.01f}, towards));
        up = cross(towards, right);
    }
    Vec at(Vec p) const {
        Vec q = p - centre;
        float s = SIZE / (2 * HALF);
        return {(dot(q, right) + HALF) * s, (HALF - dot(q, up)) * s, 10 - dot(q, towards)};
    }
    float lit(Vec p, float radius, int turn, float bias, int taps) const {
        Vec q = at(p);
        float s = SIZE / (2 * HALF), sum = 0;
        for (int i = 0; i < taps; i++) {
            float r = std::sqrt((i + 0.5f) / taps) * radius * s;
            int x = int(q.x + r * SPIRAL.x[turn][i]), y = int(q.y + r * SPIRAL.y[turn][i]);
            if (x < 0 || y < 0 || x >= SIZE || y >= SIZE) { sum += 1; continue; }
            float gap = q.z - bias - map.depth[size_t(y) * SIZE + x];
            sum += 1 - clamp01(gap * 40 + 0.5f);
        }
        return sum / taps;
    }
};

inline float to_srgb(float v) { return v <= 0.0031308f ? 12.92f * v : 1.055f * std::pow(v, 1 / 2.4f) - 0.055f; }
struct Tones {  // 0..8 linear -> 0..255
    float value[4097];
    Tones();
    float operator()(float v) const { int k = int(std::sqrt(std::min(1.0f, std::max(0.0f, v * 0.125f))) * 4096);
        return value[k < 0 ? 0 : k > 4096 ? 4096 : k]; }
};
inline float film(float v) {  // a soft shoulder above middle grey
    return clamp01(v < 0.5f ? v : 0.5f + 0.5f * (1 - std::exp(-(v - 0.5f) / 0.5f)));
}

Tones::Tones() {
    for (int i = 0; i <= 4096; i++) value[i] = 255 * to_srgb(film(squared(i / 4096.0f) * 8));
}
const Tones TONES;

struct Painter {
    const Bust &bust;
    const View &view;
    int width, height;
    float focal;
    std::vector<Vec> screen, normal;
    Canvas canvas;
    Vec key, key_light, fill, fill_light, rim, rim_light, sky, ground, middle;
    float softness;
    Shadow shadow;

    Vec place(int v) const { const float *p = bust.position + 3 * size_t(v); return {p[0], p[1], p[2]}; }
    Vec canon(int v) const { const float *p = bust.canon + 3 * size_t(v); return {p[0], p[1], p[2]}; }
    Vec project(Vec p) const {
        float d = std::max(0.05f, -p.z);
        return {view.x * view.factor + focal * p.x / d, view.y * view.factor - focal * p.y / d, d};
    }
    static Vec read(const float *p) { return {p[0], p[1], p[2]}; }

    Painter(const Bust &b, const View &v)
        : bust(b), view(v), width(v.width * v.factor), height(v.height * v.factor), focal(v.focal * v.factor),
          screen(b.vertices), normal(b.vertices, Vec{0, 0, 0}), canvas(width, height), key(unit(read(v.lights))),
          key_light(read(v.lights + 3)), fill(unit(read(v.lights + 7))), fill_light(read(v.lights + 10)),
          rim(unit(read(v.lights + 13))), rim_light(read(v.lights + 16)), sky(read(v.lights + 19)),
          ground(read(v.lights + 22)), middle(read(b.head)), softness(v.lights[6]), shadow(key, middle) {}

    void rasterise() {
        for (int i = 0; i < bust.vertices; i++) screen[i] = project(place(i));
        for (int t = 0; t < bust.triangles; t++) {
            const int32_t *v = bust.triangle + 3 * size_t(t);
            Vec a = place(v[0]), n = cross(place(v[1]) - a, place(v[2]) - a);
            for (int k = 0; k < 3; k++) normal[v[k]] = normal[v[k]] + n;
        }
        for (Vec &n : normal) n = unit(n);
        for (int t = 0; t < bust.triangles; t++) {
            const int32_t *v = bust.triangle + 3 * size_t(t);
            uint8_t m = bust.material[t];
            bool both = m == CLOTH || m == MASK || m == SCARF || m == LASH || m == FRAME;
            float clip[3];
            for (int k = 0; k < 3; k++) clip[k] = bust.attribute[4 * size_t(v[k]) + 3];
            bool clipped = clip[0] < 0 || clip[1] < 0 || clip[2] < 0;
            fill_triangle(canvas, screen[v[0]], screen[v[1]], screen[v[2]], t, both, clipped ? clip : nullptr);
            if (m == EYE || m == LASH) continue;
            fill_triangle(shadow.map, shadow.at(place(v[0])), shadow.at(place(v[1])), shadow.at(place(v[2])), t, true,
                          clipped ? clip : nullptr);
        }
        int segments = bust.points - 1;
        for (int s = 0; s < bust.strands; s++) {
            const float *p = bust.strand + size_t(s) * bust.points * 3;
            const float *look = bust.strand_look + 4 * size_t(s);
            Vec a = project(read(p)), la = shadow.at(read(p));
            for (int k = 0; k < segments; k++) {
                Vec q = read(p + 3 * (k + 1)), b = project(q), lb = shadow.at(q);
                float px = look[0] * focal / a.z * (1 - 0.6f * k / segments);
                draw_segment(canvas, a, b, px, bust.triangles + s * segments + k, std::min(1.0f, std::max(0.12f, px)));
                if (look[2] == HAIR && s % 2 == 0) draw_segment(shadow.map, la, lb, 1, 0, 1);
                a = b, la = lb;
            }
        }
    }

    // How open the half-space above a point is, 0..1.
    float openness(int x, int y, Vec p, Vec n, float reach) const {
        int turn = int(64 * std::fmod(52.9829189f * std::fmod(0.06711056f * x + 0.00583715f * y, 1.0f), 1.0f)) & 63;
        float px = reach * focal / -p.z, sum = 0;
        constexpr int TAPS = 10;
        for (int i = 0; i < TAPS; i++) {
            float r = px * (i + 0.7f) / TAPS;
            int xx = int(x + r * SPIRAL.x[turn][i]), yy = int(y + r * SPIRAL.y[turn][i]);
            if (xx < 0 || yy < 0 || xx >= width || yy >= height) continue;
            size_t at = size_t(yy) * width + xx;
            if (canvas.id[at] < 0) continue;
            float d = canvas.depth[at];
            Vec q = {(xx + 0.5f - view.x * view.factor) * d / focal, -(yy + 0.5f - view.y * view.factor) * d / focal, -d};
            Vec to = q - p;
            float far = std::sqrt(dot(to, to)) + 1e-6f;
            sum += clamp01((dot(to, n) / far - 0.12f) * 1.3f) * clamp01(2 - 1.6f * far / reach);
        }
        return clamp01(1 - 1.5f * sum / TAPS);
    }

    Vec light_on(Vec n, Vec wrap, Vec lit, Vec open) const {
        Vec out{0, 0, 0};
        float k = dot(n, key), f = dot(n, fill), r = dot(n, rim), u = 0.5f + 0.5f * n.y;
        Vec ambient = mix(ground, sky, u);
        auto soft = [](float c, float w) { float v = (c + w) / (1 + w); return v > 0 ? v * v * (1 - w * 0.3f) + (v - v * v) : 0; };
        out.x = key_light.x * soft(k, wrap.x) * lit.x + fill_light.x * soft(f, 0.4f) * open.x + rim_light.x * soft(r, wrap.x) * open.x + ambient.x * open.x;
        out.y = key_light.y * soft(k, wrap.y) * lit.y + fill_light.y * soft(f, 0.35f) * open.y + rim_light.y * soft(r, wrap.y) * open.y + ambient.y * open.y;
        out.z = key_light.z * soft(k, wrap.z) * lit.z + fill_light.z * soft(f, 0.35f) * open.z + rim_light.z * soft(r, wrap.z) * open.z + ambient.z * open.z;
        return out;
    }

    Vec gloss(Vec n, Vec v, float rough, float lit, float open, float f0) const {
        auto lobe = [&](Vec l, Vec colour, float scale) {
            Vec h = unit(l + v);
            float nh = clamp01(dot(n, h)), nl = clamp01(dot(n, l)), a = rough * rough, a2 = a * a;
            float d = a2 / (PI * squared(nh * nh * (a2 - 1) + 1) + 1e-6f);
            float fres = f0 + (1 - f0) * fifth(1 - clamp01(dot(v, h)));
            float vis = 0.25f / std::max(0.08f, clamp01(dot(n, v)) * (1 - a / 2) + a / 2);
            return colour * (std::min(d, 6.0f) * fres * vis * nl * scale * PI);
        };
        Vec out = lobe(key, key_light, lit) + lobe(fill, fill_light, 0.6f * open) + lobe(rim, rim_light, open);
        float graze = f0 + (1 - f0) * 0.5f * fifth(1 - clamp01(dot(n, v)));
        float u = clamp01(0.5f + 0.5f * (2 * dot(n, v) * n.y - v.y));
        return out + mix(ground, sky, u) * (graze * open * (1 - 0.6f * rough));
    }

    void paint();
    void blur(std::vector<Vec> &light, const std::vector<uint8_t> &skin) const;
};

// Blur the light on skin by channel, along each axis, never across a step in depth.
void Painter::blur(std::vector<Vec> &light, const std::vector<uint8_t> &skin) const {
    const float sigma_dm[3] = {0.050f, 0.020f, 0.011f};
    constexpr int TAPS = 5;
    const float scale = focal / -middle.z;
    int offset[2 * TAPS];
    float share[2 * TAPS][3];
    for (int i = 0; i < 2 * TAPS; i++) {
        int k = i < TAPS ? i - TAPS : i - TAPS + 1;
        offset[i] = int(std::lround(k * sigma_dm[0] * scale * 2.2f / TAPS));
        for (int c = 0; c < 3; c++) share[i][c] = offset[i] == 0 ? 0 : std::exp(-0.5f * squared(offset[i] / (sigma_dm[c] * scale)));
    }
    std::vector<Vec> other(light.size());
    for (int axis = 0; axis < 2; axis++) {
        int stride = axis == 0 ? 1 : width;
        for (int y = 0; y < height; y++)
            for (int x = 0; x < width; x++) {
                size_t at = size_t(y) * width + x;
                if (!skin[at]) continue;
                float d = canvas.depth[at];
                Vec sum = light[at], weight{1, 1, 1};
                for (int i = 0; i < 2 * TAPS; i++) {
                    int pos = (axis == 0 ? x : y) + offset[i];
                    if (pos < 0 || pos >= (axis == 0 ? width : height)) continue;
                    size_t to = at + std::ptrdiff_t(offset[i]) * stride;
                    if (!skin[to] || std::fabs(canvas.depth[to] - d) > 0.12f) continue;
                    Vec w = {share[i][0], share[i][1], share[i][2]};
                    sum = sum + w * light[to], weight = weight + w;
                }
                other[at] = {sum.x / weight.x, sum.y / weight.y, sum.z / weight.z};
            }
        std::swap(light, other);
    }
}

void Painter::paint() {
    size_t pixels = size_t(width) * height;
    std::vector<Vec> light(pixels, Vec{0, 0, 0}), colour(pixels, Vec{0, 0, 0}), shine(pixels, Vec{0, 0, 0});
    std::vector<uint8_t> skin(pixels, 0);
    int segments = std::max(1, bust.points - 1);
    Vec head_up = read(bust.head + 4);
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++) {
            size_t at = size_t(y) * width + x;
            int32_t id = canvas.id[at];
            if (id < 0) continue;
            float d = canvas.depth[at];
            Vec p = {(x + 0.5f - view.x * view.factor) * d / focal, -(y + 0.5f - view.y * view.factor) * d / focal, -d};
            Vec v = unit(p * -1);
            int turn = int(64 * hash(x, y)) & 63;
            if (id >= bust.triangles) {
                int s = (id - bust.triangles) / segments, k = (id - bust.triangles) % segments;
                const float *q = bust.strand + (size_t(s) * bust.points + k) * 3, *look = bust.strand_look + 4 * size_t(s);
                int m = int(look[2]);
                const float *mat = bust.materials + 8 * m;
                Vec t = unit(read(q + 3) - read(q)), out = unit(p - middle);
                if (m != HAIR) out = unit(out + v * 0.5f);
                Vec n = unit(out - t * dot(out, t));
                float lit = shadow.lit(p + out * 0.04f, 0.10f, turn, 0.10f, 6);
                float along = float(k) / segments, open = m == HAIR ? openness(x, y, p, out, 0.5f) * (0.55f + 0.45f * along) : 0.85f;
                Vec base = look[1] < 0 ? Vec{0.40f, 0.39f, 0.38f} : Vec{mat[0], mat[1], mat[2]} * look[1];
                Vec got = light_on(unit(n + out), {0.5f, 0.45f, 0.4f}, {lit, lit, lit}, {open, open, open});
                auto streak = [&](Vec l, Vec c, float shift, float power) {
                    Vec tt = unit(t + n * shift);
                    float th = dot(tt, unit(l + v)), s2 = std::sqrt(std::max(0.0f, 1 - th * th));
                    return c * (std::pow(s2, power) * clamp01(dot(out, l) + 0.25f));
                };
                float wobble = 0.12f * (hash(s, 3) - 0.5f);
                Vec hot = streak(key, key_light, 0.08f + wobble, 60) * (0.09f * lit) + streak(key, key_light, -0.12f + wobble, 16) * base * (0.9f * lit);
                hot = hot + streak(rim, rim_light, wobble, 20) * (base * 1.4f + Vec{0.03f, 0.03f, 0.03f});
                light[at] = got, colour[at] = base, shine[at] = hot * (m == HAIR ? mat[3] : 0.15f);
                continue;
            }
            const int32_t *tv = bust.triangle + 3 * size_t(id);
            uint8_t m = bust.material[id];
            const float *mat = bust.materials + 8 * m;
            Vec a = screen[tv[0]], b = screen[tv[1]], c = screen[tv[2]];
            float area = (b.x - a.x) * (c.y - a.y) - (b.y - a.y) * (c.x - a.x), px = x + 0.5f, py = y + 0.5f;
            float w0 = ((b.x - px) * (c.y - py) - (b.y - py) * (c.x - px)) / area;
            float w1 = ((c.x - px) * (a.y - py) - (c.y - py) * (a.x - px)) / area, w2 = 1 - w0 - w1;
            Vec n = unit(normal[tv[0]] * w0 + normal[tv[1]] * w1 + normal[tv[2]] * w2);
            if (dot(n, v) < 0 && (m == CLOTH || m == MASK || m == SCARF || m == LASH || m == FRAME)) n = n * -1;
            Vec k = canon(tv[0]) * w0 + canon(tv[1]) * w1 + canon(tv[2]) * w2;
            float tag[4];
            for (int i = 0; i < 4; i++)
                tag[i] = bust.attribute[4 * size_t(tv[0]) + i] * w0 + bust.attribute[4 * size_t(tv[1]) + i] * w1 + bust.attribute[4 * size_t(tv[2]) + i] * w2;
            if (m == EYE) {
                const float *eye = bust.eyes + (k.x > 0 ? 0 : 10);
                Vec centre = read(eye), gaze = read(eye + 3), e = unit(p - centre);
                float r = eye[6], angle = std::acos(std::min(1.0f, std::max(-1.0f, dot(e, gaze))));
                Vec side = unit(cross({0, 1, 0}, gaze)), up = cross(gaze, side);
                float spoke = std::atan2(dot(e, up), dot(e, side));
                float ray = noise(spoke * 9 + 40, angle * 14) * 0.6f + noise(spoke * 23 + 90, angle * 6) * 0.4f;
                Vec white = mix({0.66f, 0.60f, 0.56f}, {0.62f, 0.42f, 0.37f}, step_to(0.75f, 1.25f, angle));
                Vec iris = Vec{eye[7], eye[8], eye[9]} * (0.55f + 0.9f * ray) * (0.75f + 0.6f * step_to(0.45f, 0.2f, angle));
                iris = mix(iris, iris * 0.2f, step_to(0.40f, 0.49f, angle));
                iris = mix({0.004f, 0.004f, 0.004f}, iris, step_to(0.155f, 0.20f, angle));
                Vec base = mix(iris, white, step_to(0.465f, 0.525f, angle));
                Vec cornea = unit(mix(e, p - (centre + gaze * (0.42f * r)), step_to(0.62f, 0.45f, angle) * 0.0f + (angle < 0.55f ? 1.0f : 0.0f)));
                float open = openness(x, y, p, e, 0.16f), lid = step_to(0.75f, 0.1f, dot(e, head_up)) * 0.6f + 0.4f;
                float lit = shadow.lit(p, 0.08f, turn, 0.05f, 8) * lid;
                open *= lid;
                light[at] = light_on(unit(e + v * 0.3f), {0.5f, 0.4f, 0.35f}, {lit, lit, lit}, {open, open, open});
                colour[at] = base;
                Vec h = v * -1 + cornea * (2 * dot(v, cornea));
                float hot = step_to(0.965f, 0.985f, dot(h, unit(key + Vec{0, 0, 0.9f}))) * 0.9f;
                hot += step_to(0.975f, 0.99f, dot(h, unit(Vec{-0.25f, -0.12f, 1.0f}))) * 0.18f;
                float wet = 0.04f + 0.5f * std::pow(1 - clamp01(dot(cornea, v)), 5.0f);
                shine[at] = (key_light + sky) * (hot * (0.4f + 0.6f * lit)) + mix(ground, sky, clamp01(0.5f + 0.5f * h.y)) * (wet * open);
                continue;
            }
            if (m == SKIN) {
                float u = (std::atan2(k.x, k.z - 0.35f) / (2 * PI) + 0.5f) * bust.texture_width - 0.5f;
                float w = (8.7f - k.y) / 3.7f * bust.texture_height - 0.5f;
                int iu = std::min(std::max(int(std::floor(u)), 0), bust.texture_width - 2);
                int iw = std::min(std::max(int(std::floor(w)), 0), bust.texture_height - 2);
                float fu = clamp01(u - iu), fw = clamp01(w - iw);
                const size_t at00 = size_t(iw) * bust.texture_width + iu, row = bust.texture_width;
                const float share[4] = {(1 - fu) * (1 - fw), fu * (1 - fw), (1 - fu) * fw, fu * fw};
                const size_t corner[4] = {at00, at00 + 1, at00 + row, at00 + row + 1};
                float t4[4] = {0, 0, 0, 0}, slope_u = 0, slope_y = 0;
                for (int i = 0; i < 4; i++) {
                    for (int c4 = 0; c4 < 4; c4++) t4[c4] += share[i] * bust.texture[4 * corner[i] + c4] / 255.0f;
                    for (int g = 0; g < bust.grooves; g++) {
                        float gw = bust.groove_weight[g] * share[i];
                        const float *sl = bust.groove + 2 * (size_t(g) * bust.texture_width * bust.texture_height + corner[i]);
                        slope_u += gw * sl[0], slope_y += gw * sl[1];
                    }
                }
                Vec base = {t4[0] * t4[0], t4[1] * t4[1], t4[2] * t4[2]};
                float rough = t4[3], lips = step_to(0.16f, 0.5f, tag[0]);
                Vec lip = {mat[0], mat[1], mat[2]};
                float fold = 0.85f + 0.3f * noise(k.x * 55, k.y * 7);
                const float *hair = bust.materials + 8 * HAIR;
                base = mix(base, Vec{hair[0], hair[1], hair[2]} * 0.55f, 0.8f * step_to(0.1f, 0.9f, tag[2]));
                base = mix(base, lip * fold, lips * 0.9f), rough = rough * (1 - lips) + 0.36f * lips;
                base = mix(base, Vec{0.16f, 0.028f, 0.024f} * 0.5f, step_to(0.2f, 0.8f, tag[1]));
                Vec east = unit(cross(head_up, n)), north = cross(n, east);
                float calm = 1 - lips * 0.7f;
                Vec bent = unit(n - east * (slope_u * calm) - north * (slope_y * calm));
                float open = openness(x, y, p, n, 0.45f) * (1 - 0.8f * step_to(0.2f, 0.8f, tag[1])) * 1.0f;
                float lit = shadow.lit(p + n * 0.02f, softness, turn, 0.05f, 14) * (1 - 0.9f * step_to(0.2f, 0.8f, tag[1]));
                Vec bleed = {std::sqrt(open) * (0.4f + 0.6f * std::sqrt(open)), open, open * (0.9f + 0.1f * open)};
                light[at] = light_on(mix(bent, n, 0.25f), {0.38f, 0.2f, 0.14f}, {lit * (1.25f - 0.25f * lit), lit, lit}, bleed);
                colour[at] = base;
                shine[at] = gloss(bent, v, rough, lit, open, 0.028f) * 0.38f + gloss(bent, v, rough * 0.6f, lit, open, 0.030f) * (0.06f + 0.3f * lips);
                skin[at] = tag[1] < 0.5f ? 1 : 0;
                continue;
            }
            Vec base = {mat[0], mat[1], mat[2]};
            float wrap = 0.15f, rough = mat[3], f0 = 0.035f, glossy = 0.5f;
            if (m == CLOTH) {
                int pattern = int(mat[4]);
                float weave = noise(k.x * 60, k.y * 60) * 0.5f + noise(k.x * 9, k.y * 9 + k.z * 5) * 0.5f;
                base = base * (0.86f + 0.28f * weave);
                Vec second = {mat[5], mat[6], mat[7]};
                if (pattern == 1) base = mix(base, second, step_to(0.42f, 0.5f, std::fabs(std::fmod(k.y * 1.8f + 40, 1.0f) - 0.5f) * 2 - 0.2f));
                if (pattern == 2) {  // lapels over a shirt
                    float edge = std::fabs(k.x) - 0.10f - std::max(0.0f, k.y - 3.6f) * 0.36f;
                    bool shirt = edge < 0 && k.z > 0.2f;
                    if (shirt) base = second * (std::fabs(k.x) < 0.02f ? 0.8f : 1.0f);
                    else if (k.z > 0.2f) base = base * (edge < 0.025f ? 0.55f : (edge < 0.32f && edge > 0.295f) ? 0.7f : 1.0f);
                }
                if (pattern == 3) base = base * (0.82f + 0.18f * std::sin(k.x * 90));
                if (tag[3] < 0.05f) base = base * 0.78f;
                Vec fold = {noise(k.x * 3.1f, k.y * 2.3f) - 0.5f, noise(k.x * 2.7f + 9, k.y * 2.1f) - 0.5f, 0};
                n = unit(n + fold * 0.5f);
                glossy = 0.15f;
            } else if (m == TEETH || m == TONGUE) {
                base = base * (1 - 0.85f * tag[1]);
                wrap = 0.4f, glossy = 0.5f;
            } else if (m == MASK) {
                float pleat = std::fabs(std::fmod(k.y * 5.5f + 40, 1.0f) - 0.5f);
                base = base * (0.80f + 0.2f * step_to(0.04f, 0.16f, pleat)) * (0.97f + 0.06f * hash(int(k.x * 200), int(k.y * 200)));
                wrap = 0.3f, glossy = 0.1f;
            } else if (m == SCARF) {
                float fold = noise(k.x * 2.2f + k.y * 1.3f, k.y * 2.6f - k.z * 1.4f) + 0.5f * noise(k.x * 5 + k.z * 5, k.y * 7);
                n = unit(n + Vec{noise(k.y * 3, k.x * 2) - 0.5f, fold - 0.75f, 0} * 0.55f);
                base = base * (0.85f + 0.2f * fold);
                if (tag[3] < 0.04f) base = base * 0.8f;
                glossy = 0.12f;
            } else if (m == FRAME) {
                glossy = 1.2f, rough = 0.25f;
            }
            float open = m == TEETH || m == TONGUE ? 0.75f - 0.55f * tag[1] : openness(x, y, p, n, 0.5f);
            float lit = shadow.lit(p + n * 0.03f, softness, turn, 0.06f, 10);
            if (m == TEETH || m == TONGUE) lit = 0.2f + 0.5f * lit * (1 - tag[1]);
            light[at] = light_on(n, {wrap, wrap, wrap}, {lit, lit, lit}, {open, open, open});
            colour[at] = base;
            shine[at] = gloss(n, v, rough, lit, open, f0) * glossy;
        }
    blur(light, skin);

    int f = view.factor;
    for (int y = 0; y < view.height; y++)
        for (int x = 0; x < view.width; x++) {
            size_t to = (size_t(y) * view.width + x) * 3;
            float sum[3] = {0, 0, 0};
            int face = 0;
            for (int j = 0; j < f; j++)
                for (int i = 0; i < f; i++) {
                    size_t at = size_t(y * f + j) * width + x * f + i;
                    if (canvas.id[at] < 0) {
                        for (int c = 0; c < 3; c++) sum[c] += view.background[to + c];
                        continue;
                    }
                    face += skin[at];
                    Vec got = (light[at] * colour[at] + shine[at]) * view.exposure;
                    for (int c = 0; c < 3; c++) sum[c] += TONES(channel(got, c));
                }
            for (int c = 0; c < 3; c++) view.picture[to + c] = uint8_t(std::min(255.0f, sum[c] / (f * f) + 0.5f));
            if (view.seen) view.seen[to / 3] = uint8_t(255 * face / (f * f));
        }
}

}  // namespace

void draw(const Bust *bust, const View *view) {
    Painter painter(*bust, *view);
    painter.rasterise();
    painter.paint();
}

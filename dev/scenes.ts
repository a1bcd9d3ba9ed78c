/** A number between two bounds, another one at each call. */
type Between = (from: number, to: number) => number

/** What each kind of scene looks like: SVG on a canvas of 256 × 192. */
export const SCENES: Readonly<Record<string, (r: Between) => string>> = {
  sunset (r) {
    const x = r(60, 196)
    const y = r(70, 100)
    return sky([hsl(r(255, 285), 45, 28), hsl(r(335, 355), 70, 52), hsl(r(28, 42), 95, 62)], 118) +
      `<circle cx="${x}" cy="${y}" r="${r(18, 28)}" fill="${hsl(48, 100, 78)}"/>` +
      band(118, 192, [hsl(r(18, 30), 70, 45), hsl(r(225, 245), 45, 22)]) +
      repeat(7, i => `<rect x="${x - 40 + r(-8, 8) + i * 2}" y="${124 + i * 9}" width="${80 - i * 8}" height="3" rx="1.5" fill="${hsl(44, 100, 75)}" opacity="${0.75 - i * 0.09}"/>`)
  },
  mountains (r) {
    const hue = r(205, 225)
    return sky([hsl(hue, 60, 72), hsl(hue, 50, 90)], 192) +
      repeat(3, i => {
        const base = 105 + i * 30
        const peaks = Array.from({ length: 6 }, (_, p) => `${p * 51 + r(-12, 12)},${base - r(10, 70 - i * 18)}`)
        return `<polygon points="-10,192 ${peaks.join(' ')} 266,192" fill="${hsl(hue + r(-8, 8), 28, 62 - i * 17)}"/>`
      }) +
      repeat(14, () => tree(r(0, 256), r(160, 190), r(14, 24), hsl(r(130, 155), 35, 22)))
  },
  flower (r) {
    const hue = r(290, 350)
    const [x, y] = [r(110, 146), r(84, 104)]
    const petals = Math.round(r(7, 11))
    return `<rect width="256" height="192" fill="${hsl(r(95, 125), 38, 34)}"/>` +
      repeat(9, () => `<ellipse cx="${r(0, 256)}" cy="${r(0, 192)}" rx="${r(30, 60)}" ry="${r(8, 16)}" transform="rotate(${r(-60, 60)} 128 96)" fill="${hsl(r(95, 130), 40, r(24, 44))}" opacity="0.7"/>`) +
      repeat(petals, i => `<ellipse cx="${x}" cy="${y - 42}" rx="17" ry="40" fill="${hsl(hue, 75, 62 + (i % 2) * 9)}" transform="rotate(${i * 360 / petals + r(-4, 4)} ${x} ${y})"/>`) +
      `<circle cx="${x}" cy="${y}" r="21" fill="${hsl(46, 95, 55)}"/><circle cx="${x}" cy="${y}" r="12" fill="${hsl(32, 85, 42)}"/>`
  },
  fish (r) {
    const facing = r(0, 1) < 0.5 ? 1 : -1
    const fish = (x: number, y: number, size: number, hue: number): string =>
      `<g transform="translate(${x} ${y}) scale(${facing * size} ${size})"><path d="M-34 0 L-56 -18 L-56 18 Z" fill="${hsl(hue, 85, 48)}"/><ellipse rx="38" ry="21" fill="${hsl(hue, 90, 58)}"/>` +
      `<path d="M-6 -20 Q6 0 -6 20 M10 -18 Q20 0 10 18" stroke="white" stroke-width="5" fill="none" opacity="0.8"/><circle cx="24" cy="-5" r="4.5" fill="#102"/></g>`
    return sky([hsl(r(185, 200), 75, 52), hsl(r(205, 220), 80, 22)], 192) +
      repeat(5, () => `<path d="M${r(0, 256)} 192 q${r(-14, 14)} -40 ${r(-8, 8)} -${r(50, 90)}" stroke="${hsl(r(130, 165), 50, 30)}" stroke-width="${r(5, 10)}" fill="none"/>`) +
      repeat(3, () => fish(r(50, 206), r(35, 150), r(0.45, 1.15), r(12, 40))) +
      repeat(12, () => `<circle cx="${r(0, 256)}" cy="${r(0, 160)}" r="${r(2, 5)}" fill="white" opacity="0.35"/>`)
  },
  city (r) {
    let x = -6
    let towers = ''
    while (x < 256) {
      const width = r(22, 42)
      const top = r(36, 120)
      towers += `<rect x="${x}" y="${top}" width="${width}" height="${192 - top}" fill="${hsl(r(225, 250), 30, r(9, 17))}"/>`
      for (let wy = top + 8; wy < 182; wy += 12) {
        for (let wx = x + 5; wx < x + width - 6; wx += 9) if (r(0, 1) < 0.55) towers += `<rect x="${wx}" y="${wy}" width="4" height="6" fill="${hsl(r(40, 52), 95, r(58, 78))}"/>`
      }
      x += width + r(1, 5)
    }
    return sky([hsl(r(228, 250), 55, 10), hsl(r(255, 290), 45, 28)], 192) +
      repeat(25, () => `<circle cx="${r(0, 256)}" cy="${r(0, 90)}" r="0.9" fill="white" opacity="${r(0.4, 1)}"/>`) +
      `<circle cx="${r(30, 226)}" cy="${r(18, 40)}" r="12" fill="#f4f1d8"/>` + towers
  },
  balloon (r) {
    const balloon = (x: number, y: number, size: number): string => {
      const hue = r(0, 360)
      return `<g transform="translate(${x} ${y}) scale(${size})"><path d="M-10 36 L-5 52 M10 36 L5 52" stroke="#543" stroke-width="1.5"/><ellipse rx="32" ry="38" fill="${hsl(hue, 80, 55)}"/>` +
        `<ellipse rx="19" ry="38" fill="${hsl(hue + 45, 85, 62)}"/><ellipse rx="7" ry="38" fill="${hsl(hue, 80, 48)}"/><rect x="-7" y="51" width="14" height="10" rx="2" fill="#7a4a21"/></g>`
    }
    return sky([hsl(r(200, 215), 75, 58), hsl(r(195, 210), 70, 88)], 192) +
      repeat(4, () => cloud(r(10, 246), r(20, 130), r(0.6, 1.2))) +
      `<path d="M0 192 V168 Q64 ${r(150, 165)} 128 170 T256 166 V192 Z" fill="${hsl(r(85, 110), 42, 45)}"/>` +
      repeat(3, () => balloon(r(35, 221), r(40, 110), r(0.5, 1.15)))
  },
  forest (r) {
    return sky([hsl(r(75, 95), 45, 82), hsl(r(95, 115), 35, 58)], 192) +
      repeat(4, row => repeat(9, () => {
        const width = 3 + row * 3.2
        const x = r(-5, 260)
        return `<rect x="${x}" y="0" width="${width}" height="${118 + row * 20}" fill="${hsl(r(20, 34), 26, 42 - row * 9)}"/>`
      }) + `<rect y="${116 + row * 19}" width="256" height="90" fill="${hsl(r(92, 118), 40, 40 - row * 8)}"/>`) +
      repeat(40, () => `<circle cx="${r(0, 256)}" cy="${r(-10, 46)}" r="${r(10, 22)}" fill="${hsl(r(88, 125), 48, r(24, 44))}" opacity="0.85"/>`)
  },
  boat (r) {
    const x = r(80, 176)
    const hue = r(0, 360)
    return sky([hsl(r(198, 212), 70, 66), hsl(200, 60, 90)], 112) + cloud(r(30, 90), r(24, 50), 0.9) + cloud(r(150, 226), r(24, 60), 0.8) +
      band(112, 192, [hsl(r(190, 205), 65, 50), hsl(r(205, 220), 70, 26)]) +
      `<g transform="translate(${x} ${r(112, 132)}) scale(${r(0.8, 1.2)})"><rect x="-2" y="-74" width="4" height="72" fill="#5b3a1c"/><path d="M4 -72 L48 -10 L4 -10 Z" fill="${hsl(hue, 70, 62)}"/>` +
      `<path d="M-4 -62 L-34 -10 L-4 -10 Z" fill="#fbf7ec"/><path d="M-46 -4 L50 -4 L36 16 L-32 16 Z" fill="${hsl(r(10, 30), 60, 32)}"/></g>` +
      repeat(9, () => `<path d="M${r(0, 236)} ${r(136, 186)} q8 -5 16 0 t16 0" stroke="white" stroke-width="1.6" fill="none" opacity="0.5"/>`)
  }
}

function hsl (hue: number, saturation: number, lightness: number): string {
  return `hsl(${((hue % 360) + 360) % 360}, ${saturation}%, ${lightness}%)`
}

function repeat (times: number, draw: (i: number) => string): string {
  return Array.from({ length: times }, (_, i) => draw(i)).join('')
}

function sky (colours: readonly string[], height: number): string {
  return band(0, height, colours)
}

/** A stretch of the canvas, its colours running from top to bottom. */
function band (top: number, bottom: number, colours: readonly string[]): string {
  const id = `g${top}-${bottom}`
  const stops = colours.map((colour, i) => `<stop offset="${i / (colours.length - 1)}" stop-color="${colour}"/>`).join('')
  return `<linearGradient id="${id}" x1="0" x2="0" y1="0" y2="1">${stops}</linearGradient><rect y="${top}" width="256" height="${bottom - top}" fill="url(#${id})"/>`
}

function cloud (x: number, y: number, size: number): string {
  return `<g transform="translate(${x} ${y}) scale(${size})" fill="white" opacity="0.85"><ellipse rx="26" ry="10"/><circle cx="-10" cy="-6" r="10"/><circle cx="6" cy="-9" r="13"/></g>`
}

function tree (x: number, y: number, height: number, colour: string): string {
  return `<polygon points="${x},${y - height} ${x - height / 3},${y} ${x + height / 3},${y}" fill="${colour}"/>`
}

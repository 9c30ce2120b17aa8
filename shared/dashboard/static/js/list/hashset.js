// A set of strings that keeps only 53-bit hashes: a million URLs take 16 MB and
// the strings can go. Two strings are taken for one with a probability of about
// 1 in 20,000 for a whole list of a million; the server compares for real.
export class HashSet {
  #slots = new Float64Array(1 << 12);
  size = 0;

  // add reports whether the string was new.
  add(text) {
    const h = hash53(text) || 1; // 0 marks a free slot
    if (this.size * 2 >= this.#slots.length) this.#grow();
    if (!put(this.#slots, h)) return false;
    this.size++;
    return true;
  }

  #grow() {
    const larger = new Float64Array(this.#slots.length * 4);
    for (const h of this.#slots) if (h) put(larger, h);
    this.#slots = larger;
  }
}

function put(slots, h) {
  const mask = slots.length - 1;
  for (let i = (h >>> 0) & mask; ; i = (i + 1) & mask) {
    if (slots[i] === h) return false;
    if (slots[i] === 0) {
      slots[i] = h;
      return true;
    }
  }
}

// Two multiplicative 32-bit hashes side by side, finished by murmur3's mixer.
function hash53(text) {
  let a = 0x9e3779b9;
  let b = 0x85ebca6b;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    a = Math.imul(a ^ c, 0x01000193);
    b = Math.imul(b ^ c, 0x5bd1e995) ^ (b >>> 15);
  }
  return (mix(a ^ text.length) & 0x1fffff) * 0x100000000 + (mix(b) >>> 0);
}

function mix(h) {
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}

/** Stands in for `@noble/curves/nist.js`, which `age-encryption` has for recipients `age1tag1…`: as `age-hybrid.ts`. */
export const p256 = {
  get Point(): never {
    throw new Error('only age recipients with X25519 are available on workerd')
  },
}

import type { CurveName } from "./crypto-key.ts";

/** y² = x³ - 3x + b over the integers modulo p (NIST SP 800-186, section 3.2.1). */
const curves: Readonly<
  Record<CurveName, { readonly p: bigint; readonly b: bigint; readonly bytes: number }>
> = {
  "P-256": {
    p: 2n ** 256n - 2n ** 224n + 2n ** 192n + 2n ** 96n - 1n,
    b: 0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604bn,
    bytes: 32,
  },
  "P-384": {
    p: 2n ** 384n - 2n ** 128n - 2n ** 96n + 2n ** 32n - 1n,
    b: 0xb3312fa7e23ee7e4988e056be3f82d19181d9c6efe8141120314088f5013875ac656398d8a2ed19d2a85c8edd3ec2aefn,
    bytes: 48,
  },
  "P-521": {
    p: 2n ** 521n - 1n,
    b: 0x51953eb9618e1c9a1f929a21a0b68540eea2da725b99b315f3b8b489918ef109e156193951ec7e937b1652c0bd3bb1bf073573df883d2c34f1ef451fd46b503f00n,
    bytes: 66,
  },
};

/**
 * Whether a point belongs to a curve. Runtimes differ in whether they look when they import a key.
 *
 * @param point x and y, one after the other, each as long as the curve's numbers
 */
export function isOnCurve(name: CurveName, point: Uint8Array): boolean {
  const { p, b, bytes } = curves[name];
  if (point.length !== 2 * bytes) return false;
  const x = numberOf(point.subarray(0, bytes));
  const y = numberOf(point.subarray(bytes));
  return x < p && y < p && (y * y - (x * x * x - 3n * x + b)) % p === 0n;
}

function numberOf(bytes: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(bytes).toString("hex")}`);
}

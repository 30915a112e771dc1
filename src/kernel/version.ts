/** Versions as `1.2.3`. */

/** Whether one version comes after another, both as `1.2.3`; what comes behind, such as `-beta`, does not count. */
export function isNewer(one: string, other: string): boolean {
  const parts = (version: string) => version.split(/[.-]/).slice(0, 3).map(Number)
  const [here, there] = [parts(one), parts(other)]
  for (let index = 0; index < 3; index++) {
    const difference = (here[index] ?? 0) - (there[index] ?? 0)
    if (difference !== 0) return difference > 0
  }
  return false
}

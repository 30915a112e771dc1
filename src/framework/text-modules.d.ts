/** Modules of text, which wrangler uploads beside the bundle. */
declare module '*.txt' {
  const text: string
  export default text
}

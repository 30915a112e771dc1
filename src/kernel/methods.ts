/** The methods of the tree by NSID, as their callers see them, so that a call that is written out is checked. */

/**
 * What is sent to a method and what it answers, for every NSID. Empty here: generated code adds the methods of its tree
 * (`src/generated/method-types.ts`).
 */
// biome-ignore lint/suspicious/noEmptyInterface: generated code adds to it
export interface Methods {}

/** What is known of one method. */
interface Shape {
  params: object
  input: unknown
  output: unknown
}

/**
 * A method as its callers see it; generated code only names it.
 *
 * @template Filled parameters with a default
 * @template FilledInput properties of the input with a default
 */
export type Called<
  M extends Shape,
  Filled extends keyof M['params'] = never,
  FilledInput extends keyof M['input'] = never,
> = {
  params: Optional<M['params'], Filled>
  input: Optional<M['input'], FilledInput>
  output: M['output']
} & Pick<M, Extract<keyof M, 'outputEncoding'>>

/** With those properties optional. */
type Optional<T, K extends keyof T> = [K] extends [never] ? T : Omit<T, K> & Partial<Pick<T, K>>

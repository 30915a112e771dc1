/** Scripts that complete commands and options in a shell. */
import type { Place, Word } from './tree.ts'

/** Characters of a description that are shown beside a word. */
const MAX_DESCRIPTION = 60

export const shells = ['bash', 'zsh', 'fish'] as const
export type Shell = (typeof shells)[number]

export const completionScript = (shell: Shell, places: readonly Place[]): string =>
  ({ bash, zsh, fish })[shell](places)

/** Within single quotes, as all three shells read it. */
const quoted = (text: string): string => `'${text.replace(/'/g, `'\\''`)}'`

const pathOf = ({ path }: Place): string => ['cumulus', ...path].join(' ')

const short = ({ description }: Word): string => {
  const line = description.replace(/\s+/g, ' ')
  return line.length > MAX_DESCRIPTION ? `${line.slice(0, MAX_DESCRIPTION - 1)}…` : line
}

/** In bash and zsh: follows the words as far as they are commands. */
const follow = (places: readonly Place[], words: string): string => {
  const known = places.filter(({ path }) => path.length > 0).map((place) => quoted(pathOf(place)))
  return `  local at=cumulus word
  for word in ${words}; do
    case "$at $word" in
      ${known.join('|')}) at="$at $word" ;;
    esac
  done`
}

const bash = (places: readonly Place[]): string => {
  const cases = places.map((place) => {
    const words = [...place.commands, ...place.options].map(({ word }) => word)
    return `    ${quoted(pathOf(place))}) words=${quoted(words.join(' '))} ;;`
  })
  return `# bash completion for cumulus: source <(cumulus completion bash)
_cumulus() {
${follow(places, `"\${COMP_WORDS[@]:1:COMP_CWORD-1}"`)}
  local words=''
  case "$at" in
${cases.join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _cumulus cumulus
`
}

const zsh = (places: readonly Place[]): string => {
  const cases = places.map((place) => {
    const words = [...place.commands, ...place.options].map((word) =>
      quoted(`${word.word.replace(/:/g, '\\:')}:${short(word)}`),
    )
    return `    ${quoted(pathOf(place))}) choices=(${words.join(' ')}) ;;`
  })
  return `#compdef cumulus
# zsh completion for cumulus: source <(cumulus completion zsh)
_cumulus() {
${follow(places, `"\${(@)words[2,CURRENT-1]}"`)}
  local -a choices
  case "$at" in
${cases.join('\n')}
  esac
  _describe 'cumulus' choices || _files
}
compdef _cumulus cumulus
`
}

const fish = (places: readonly Place[]): string => {
  const known = places.flatMap(({ path }) => (path.length > 0 ? [quoted(path.join(' '))] : []))
  const lines = places.flatMap((place) => {
    const condition = quoted(`test (__cumulus_at) = "${place.path.join(' ')}"`)
    return [
      ...place.commands.map(
        (one) =>
          `complete -c cumulus -f -n ${condition} -a ${quoted(one.word)} -d ${quoted(short(one))}`,
      ),
      ...place.options.map(
        (one) =>
          `complete -c cumulus -n ${condition} -l ${quoted(one.word.slice(2))} -d ${quoted(short(one))}`,
      ),
    ]
  })
  return `# fish completion for cumulus: cumulus completion fish | source
function __cumulus_at
  set -l known ${known.join(' ')}
  set -l at ''
  for word in (commandline -opc)[2..]
    set -l next (string trim "$at $word")
    contains -- $next $known; and set at $next
  end
  echo "$at"
end
${lines.join('\n')}
`
}

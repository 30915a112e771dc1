/** `cumulus completion bash`: a script that completes commands and options. */
import { completionScript, shells } from '../completion/scripts.ts'
import { placesOf } from '../completion/tree.ts'
import { type AnyCommand, command } from '../terminal/command.ts'
import { UsageError } from '../terminal/errors.ts'

/** @param program whose commands are completed */
export const completionOf = (program: AnyCommand): AnyCommand =>
  command({
    name: 'completion',
    description: 'Prints a script that completes commands and options in a shell.',
    args: {
      shell: { type: 'positional', required: true, description: shells.join(', ') },
    },
    about: `EXAMPLES, with \`cumulus\` in the PATH

  source <(cumulus completion bash)      in ~/.bashrc
  source <(cumulus completion zsh)       in ~/.zshrc, behind compinit
  cumulus completion fish > ~/.config/fish/completions/cumulus.fish`,
    run: async ({ shell }) => {
      const known = shells.find((name) => name === shell)
      if (!known) throw new UsageError(`the shell is ${shells.join(', ')}, not "${shell}"`)
      process.stdout.write(completionScript(known, await placesOf(program)))
    },
  })

/** `cumulus codegen`: the generator, for the project that it is run in. */
import { runCodegen } from '../../codegen/program.ts'
import { rawCommand } from '../terminal/command.ts'

export default rawCommand({
  name: 'codegen',
  description: 'Generates types, validators and routes from lexicons/, and checks src/handlers/',
  about: `COMMANDS

  cumulus codegen                 generates src/generated/
  cumulus codegen new <nsid>      starts a handler, with a test beside it
  cumulus codegen status          says where each method goes
  cumulus codegen diff            says what a change of lexicons breaks
  cumulus codegen <command> --help`,
  run: (args) => runCodegen([...args]),
})

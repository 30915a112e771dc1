import { command } from '../terminal/command.ts'

export default command({ name: 'status', description: 'How a host is doing', args: {}, run() {} })

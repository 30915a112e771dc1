import { command } from '../terminal/command.ts'

export default command({ name: 'logs', description: 'How a host is doing', args: {}, run() {} })

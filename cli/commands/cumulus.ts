/** All commands of `cumulus`. */
import { type AnyCommand, group } from '../terminal/command.ts'

const cumulus: AnyCommand = group(
  'cumulus',
  'A Personal Data Server for the AT Protocol, and all it takes to run one',
  {
    create: () => import('./create.ts').then((module) => module.default),
    codegen: () => import('./codegen.ts').then((module) => module.default),
    init: () => import('./init.ts').then((module) => module.default),
    deploy: () => import('./deploy.ts').then((module) => module.default),
    serve: () => import('./serve.ts').then((module) => module.default),
    upgrade: () => import('./upgrade.ts').then((module) => module.default),
    dev: () => import('./dev.ts').then((module) => module.default),
    status: () => import('./status.ts').then((module) => module.default),
    doctor: () => import('./doctor.ts').then((module) => module.default),
    logs: () => import('./logs.ts').then((module) => module.default),
    backup: () => import('./backup.ts').then((module) => module.default),
    restore: () => import('./restore.ts').then((module) => module.default),
    drill: () => import('./drill.ts').then((module) => module.default),
    account: () => import('./account/account.ts').then((module) => module.default),
    migrate: () => import('./migrate.ts').then((module) => module.default),
    'migrate-token': () => import('./account/owner-help.ts').then((module) => module.plcToken),
    'move-out': () => import('./move-out.ts').then((module) => module.default),
    mail: () => import('./mail/mail.ts').then((module) => module.default),
    identity: () => import('./identity/identity.ts').then((module) => module.default),
    'app-password': () => import('./app-password.ts').then((module) => module.default),
    invite: () => import('./invite.ts').then((module) => module.default),
    secret: () => import('./secret/secret.ts').then((module) => module.default),
    passkey: () => import('./passkey.ts').then((module) => module.default),
    lexicons: () => import('./lexicons/lexicons.ts').then((module) => module.default),
    jobs: () => import('./jobs/jobs.ts').then((module) => module.default),
    hooks: () => import('./hooks/hooks.ts').then((module) => module.default),
    webhooks: () => import('./webhooks/webhooks.ts').then((module) => module.default),
    completion: () => import('./completion.ts').then((module) => module.completionOf(cumulus)),
  },
)

export default cumulus

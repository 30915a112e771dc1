import type { Strings } from './en.ts'

export const fr: Strings = {
  tag: 'fr',
  quotes: { open: '« ', close: ' »' },

  tokens: {
    lifetime: 'Il est valable une seule fois, pendant {minutes} minutes. Ne le donnez à personne.',
    confirm_email: {
      subject: 'Confirmez votre adresse e-mail sur {service}',
      asked:
        'Quelqu’un a demandé à {service} de confirmer que cette adresse e-mail est celle de {handle}. Si c’est vous, saisissez ce code :',
      otherwise:
        'Si ce n’est pas vous, ne faites rien : sans le code, l’adresse reste non confirmée.',
    },
    update_email: {
      subject: 'Changez votre adresse e-mail sur {service}',
      asked:
        'Quelqu’un a demandé à {service} de changer l’adresse e-mail de {handle}. Si c’est vous, saisissez ce code :',
      otherwise: 'Si ce n’est pas vous, ne faites rien : sans le code, l’adresse reste la même.',
    },
    reset_password: {
      subject: 'Réinitialisez votre mot de passe sur {service}',
      asked:
        'Quelqu’un a demandé à {service} un nouveau mot de passe pour {handle}. Si c’est vous, saisissez ce code :',
      otherwise:
        'Si ce n’est pas vous, ne faites rien : sans le code, le mot de passe reste le même.',
    },
    delete_account: {
      subject: 'Supprimez votre compte sur {service}',
      asked:
        'Quelqu’un a demandé à {service} de supprimer définitivement le compte {handle}. Si c’est vous, saisissez ce code :',
      otherwise:
        'Si ce n’est pas vous, ne faites rien : sans le code, le compte n’est pas supprimé.',
    },
    plc_operation: {
      subject: 'Modifiez votre identité sur {service}',
      asked:
        'Quelqu’un a demandé à {service} de signer une modification de l’identité (DID) de {handle}. Si c’est vous, saisissez ce code :',
      otherwise: 'Si ce n’est pas vous, ne faites rien : sans le code, l’identité reste la même.',
    },
    sign_in: {
      subject: 'Connexion à {service}',
      asked:
        'Quelqu’un a saisi sur {service} le bon mot de passe de {handle} et a besoin d’un code pour se connecter. Si c’est vous, saisissez ce code :',
      otherwise:
        'Si ce n’est pas vous, quelqu’un connaît votre mot de passe : changez-le. Sans le code, personne ne peut se connecter.',
    },
  },

  notices: {
    'passkey added': {
      subject: 'Une clé d’accès a été ajoutée sur {service}',
      said: 'Une clé d’accès nommée {name} a été ajoutée à {handle}. Qui la possède peut se connecter.',
    },
    'passkey removed': {
      subject: 'Une clé d’accès a été retirée sur {service}',
      said: 'Une clé d’accès de {handle} a été retirée.',
    },
    'app password added': {
      subject: 'Un mot de passe d’application a été créé sur {service}',
      said: 'Un mot de passe d’application nommé {name} a été créé pour {handle}.',
    },
    'authenticator app on': {
      subject: 'La connexion à {service} a été modifiée',
      said: 'Une application d’authentification a été configurée pour {handle} : ses codes sont demandés à la connexion.',
    },
    'authenticator app off': {
      subject: 'La connexion à {service} a été modifiée',
      said: 'L’application d’authentification de {handle} a été désactivée : ses codes ne sont plus demandés.',
    },
    'codes by mail on': {
      subject: 'La connexion à {service} a été modifiée',
      said: 'Les codes par e-mail ont été activés pour {handle}.',
    },
    'codes by mail off': {
      subject: 'La connexion à {service} a été modifiée',
      said: 'Les codes par e-mail ont été désactivés pour {handle}.',
    },
    'recovery codes made': {
      subject: 'La connexion à {service} a été modifiée',
      said: 'De nouveaux codes de récupération ont été créés pour {handle} ; les précédents ne sont plus valables.',
    },
    'email changed': {
      subject: 'Votre adresse e-mail sur {service} a été changée',
      said: 'L’adresse e-mail de {handle} a été remplacée par {to}. Celle-ci n’est plus utilisée.',
    },
    'password changed': {
      subject: 'Votre mot de passe sur {service} a été changé',
      said: 'Le mot de passe de {handle} a été changé, et tous les navigateurs et applications ont été déconnectés.',
    },
    'new browser': {
      subject: 'Connexion à {service} depuis un nouveau navigateur',
      said: 'Quelqu’un s’est connecté en tant que {handle} dans un navigateur qui n’avait pas encore été utilisé.',
    },
    'app sign-in': {
      subject: 'Connexion à {service} avec une nouvelle application',
      said: 'Quelqu’un s’est connecté en tant que {handle} avec le mot de passe, dans une application ou depuis un réseau qui n’avait pas encore été utilisé.',
    },
    'recovery key added': {
      subject: 'Une clé de récupération a été ajoutée sur {service}',
      said: 'Une clé de récupération a été ajoutée à l’identité (DID) de {handle} : {key}. Qui la détient peut annuler des modifications de l’identité et la transférer vers un autre hébergeur.',
    },
    'identity change signed': {
      subject: 'Une modification de votre identité a été signée sur {service}',
      said: '{service} a signé une modification de l’identité (DID) de {handle}, car un code qui vous avait été envoyé a été saisi. Elle permet de transférer le compte vers un autre hébergeur. Une clé de récupération peut l’annuler pendant 72 heures.',
    },
    'account taken down': {
      subject: 'Votre compte sur {service} a été suspendu',
      said: 'L’opérateur de {service} a suspendu le compte {handle} : les autres ne le voient plus. Rien n’a été supprimé.',
    },
    'account restored': {
      subject: 'Votre compte sur {service} est rétabli',
      said: 'L’opérateur de {service} a rétabli le compte {handle} : les autres le voient à nouveau.',
    },
    'data downloaded': {
      subject: 'Vos données sur {service} ont été téléchargées',
      said: 'Toutes les données de {handle} ont été téléchargées en un seul fichier, depuis la page de vos données.',
    },
  },

  signUps: {
    waiting: {
      subject: 'Votre inscription sur {service} attend une approbation',
      said: 'Votre compte {handle} sur {service} a été créé. Il attend l’approbation de l’opérateur ; d’ici là, personne ne le voit.',
      next: 'La décision vous sera communiquée par e-mail. En attendant, vous pouvez confirmer votre adresse ou supprimer le compte : {url}',
    },
    approved: {
      subject: 'Votre compte sur {service} a été approuvé',
      said: 'Votre compte {handle} sur {service} a été approuvé.',
      next: 'Vous pouvez vous connecter avec n’importe quelle application du réseau. Quand elle demande l’hébergeur, saisissez {host}.',
    },
    refused: {
      subject: 'Votre inscription sur {service} n’a pas été approuvée',
      said: 'Votre inscription en tant que {handle} sur {service} n’a pas été approuvée, et tout ce qui en avait été enregistré est supprimé.',
      next: '{reason}',
    },
  },

  stillGood: 'Permettent encore de se connecter : {list}. Retirez ce qui n’est pas à vous.',
  stillPasskeys: 'clés d’accès : {count}',
  stillAppPasswords: 'mots de passe d’application : {names}',
  listSeparator: ', ',
  agent: 'Le programme se présente comme {agent}.',
  time: 'Date et heure : {time}',
  ifNotYou:
    'Si c’est vous, il n’y a rien à faire. Sinon, changez votre mot de passe et retirez ce qui n’est pas à vous : {url}',
  questions: 'Des questions ? {contact}',
  turnOff: 'Vous pouvez désactiver les e-mails sur les connexions : {url}',

  page: {
    title: 'E-mails sur les connexions',
    on: 'Un e-mail est envoyé lorsque quelqu’un se connecte en tant que {handle} dans un nouveau navigateur ou une nouvelle application.',
    off: 'Aucun e-mail n’est envoyé lorsque quelqu’un se connecte en tant que {handle} dans un nouveau navigateur ou une nouvelle application. Les autres changements sont toujours signalés.',
    turnOff: 'Désactiver',
    turnOn: 'Activer',
    badLink: 'Ce lien est incomplet. Ouvrez-le de nouveau tel qu’il figure dans l’e-mail.',
  },
}

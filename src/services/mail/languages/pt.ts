import type { Strings } from './en.ts'

/** As it is written in Brazil, where most who read Portuguese live. */
export const pt: Strings = {
  tag: 'pt',
  quotes: { open: '“', close: '”' },

  tokens: {
    lifetime: 'Ele vale uma única vez, por {minutes} minutos. Não o passe a ninguém.',
    confirm_email: {
      subject: 'Confirme seu endereço de e-mail em {service}',
      asked:
        'Alguém pediu a {service} para confirmar que este é o endereço de e-mail de {handle}. Se foi você, digite este código:',
      otherwise:
        'Se não foi você, não faça nada: sem o código, o endereço continua sem confirmação.',
    },
    update_email: {
      subject: 'Altere seu endereço de e-mail em {service}',
      asked:
        'Alguém pediu a {service} para alterar o endereço de e-mail de {handle}. Se foi você, digite este código:',
      otherwise: 'Se não foi você, não faça nada: sem o código, o endereço continua o mesmo.',
    },
    reset_password: {
      subject: 'Redefina sua senha em {service}',
      asked:
        'Alguém pediu a {service} uma nova senha para {handle}. Se foi você, digite este código:',
      otherwise: 'Se não foi você, não faça nada: sem o código, a senha continua a mesma.',
    },
    delete_account: {
      subject: 'Exclua sua conta em {service}',
      asked:
        'Alguém pediu a {service} para excluir definitivamente a conta {handle}. Se foi você, digite este código:',
      otherwise: 'Se não foi você, não faça nada: sem o código, a conta não é excluída.',
    },
    plc_operation: {
      subject: 'Altere sua identidade em {service}',
      asked:
        'Alguém pediu a {service} a assinatura de uma alteração da identidade (DID) de {handle}. Se foi você, digite este código:',
      otherwise: 'Se não foi você, não faça nada: sem o código, a identidade continua a mesma.',
    },
    sign_in: {
      subject: 'Acesso a {service}',
      asked:
        'Alguém digitou em {service} a senha correta de {handle} e precisa de um código para entrar. Se foi você, digite este código:',
      otherwise:
        'Se não foi você, alguém sabe a sua senha: altere-a. Sem o código, ninguém consegue entrar.',
    },
  },

  notices: {
    'passkey added': {
      subject: 'Uma chave de acesso foi adicionada em {service}',
      said: 'Uma chave de acesso com o nome {name} foi adicionada a {handle}. Quem a tiver pode entrar na conta.',
    },
    'passkey removed': {
      subject: 'Uma chave de acesso foi removida em {service}',
      said: 'Uma chave de acesso de {handle} foi removida.',
    },
    'app password added': {
      subject: 'Uma senha de aplicativo foi criada em {service}',
      said: 'Uma senha de aplicativo com o nome {name} foi criada para {handle}.',
    },
    'authenticator app on': {
      subject: 'O acesso a {service} foi alterado',
      said: 'Um aplicativo autenticador foi configurado para {handle}: para entrar, são pedidos os códigos dele.',
    },
    'authenticator app off': {
      subject: 'O acesso a {service} foi alterado',
      said: 'O aplicativo autenticador de {handle} foi desativado: os códigos dele não são mais pedidos.',
    },
    'codes by mail on': {
      subject: 'O acesso a {service} foi alterado',
      said: 'Os códigos por e-mail foram ativados para {handle}.',
    },
    'codes by mail off': {
      subject: 'O acesso a {service} foi alterado',
      said: 'Os códigos por e-mail foram desativados para {handle}.',
    },
    'recovery codes made': {
      subject: 'O acesso a {service} foi alterado',
      said: 'Novos códigos de recuperação foram criados para {handle}; os anteriores não valem mais.',
    },
    'email changed': {
      subject: 'Seu endereço de e-mail em {service} foi alterado',
      said: 'O endereço de e-mail de {handle} foi alterado para {to}. Este não é mais usado.',
    },
    'password changed': {
      subject: 'Sua senha em {service} foi alterada',
      said: 'A senha de {handle} foi alterada, e todos os navegadores e aplicativos foram desconectados.',
    },
    'new browser': {
      subject: 'Acesso a {service} em um novo navegador',
      said: 'Alguém entrou como {handle} em um navegador que ainda não tinha sido usado.',
    },
    'app sign-in': {
      subject: 'Acesso a {service} com um novo aplicativo',
      said: 'Alguém entrou como {handle} com a senha, em um aplicativo ou a partir de uma rede que ainda não tinha sido usada.',
    },
    'recovery key added': {
      subject: 'Uma chave de recuperação foi adicionada em {service}',
      said: 'Uma chave de recuperação foi adicionada à identidade (DID) de {handle}: {key}. Quem a tiver pode desfazer alterações da identidade e levá-la para outro servidor.',
    },
    'identity change signed': {
      subject: 'Uma alteração da sua identidade foi assinada em {service}',
      said: '{service} assinou uma alteração da identidade (DID) de {handle}, pois foi digitado um código que tinha sido enviado a você. Com ela, a conta pode ser levada para outro servidor. Uma chave de recuperação pode desfazê-la durante 72 horas.',
    },
    'account taken down': {
      subject: 'Sua conta em {service} foi suspensa',
      said: 'O operador de {service} suspendeu a conta {handle}: as outras pessoas não a veem. Nada foi excluído.',
    },
    'account restored': {
      subject: 'Sua conta em {service} está de volta',
      said: 'O operador de {service} liberou novamente a conta {handle}: as outras pessoas voltam a vê-la.',
    },
    'data downloaded': {
      subject: 'Seus dados em {service} foram baixados',
      said: 'Todos os dados de {handle} foram baixados em um único arquivo, na página dos seus dados.',
    },
  },

  signUps: {
    waiting: {
      subject: 'Seu cadastro em {service} aguarda aprovação',
      said: 'Sua conta {handle} em {service} foi criada. Ela aguarda a aprovação do operador e, até lá, ninguém a vê.',
      next: 'Você será avisado por e-mail da decisão. Até lá, você pode confirmar seu endereço ou excluir a conta: {url}',
    },
    approved: {
      subject: 'Sua conta em {service} foi aprovada',
      said: 'Sua conta {handle} em {service} foi aprovada.',
      next: 'Você pode entrar com qualquer aplicativo da rede. Quando for pedido o servidor, digite {host}.',
    },
    refused: {
      subject: 'Seu cadastro em {service} não foi aprovado',
      said: 'Seu cadastro como {handle} em {service} não foi aprovado, e tudo o que estava guardado dele foi excluído.',
      next: '{reason}',
    },
  },

  stillGood: 'Ainda servem para entrar: {list}. Remova o que não for seu.',
  stillPasskeys: 'chaves de acesso: {count}',
  stillAppPasswords: 'senhas de aplicativo: {names}',
  listSeparator: ', ',
  agent: 'O programa diz ser {agent}.',
  time: 'Data e hora: {time}',
  ifNotYou:
    'Se foi você, não é preciso fazer nada. Se não, altere sua senha e remova o que não for seu em {url}',
  questions: 'Dúvidas? {contact}',
  turnOff: 'Você pode desativar os e-mails sobre acessos: {url}',

  page: {
    title: 'E-mails sobre acessos',
    on: 'Um e-mail é enviado quando alguém entra como {handle} em um novo navegador ou aplicativo.',
    off: 'Nenhum e-mail é enviado quando alguém entra como {handle} em um novo navegador ou aplicativo. Outras alterações continuam sendo avisadas.',
    turnOff: 'Desativar',
    turnOn: 'Ativar',
    badLink: 'Este link está incompleto. Abra-o de novo como está no e-mail.',
  },
}

import type { Strings } from './en.ts'

export const es: Strings = {
  tag: 'es',
  quotes: { open: '«', close: '»' },

  tokens: {
    lifetime: 'Sirve una sola vez, durante {minutes} minutos. No se lo des a nadie.',
    confirm_email: {
      subject: 'Confirma tu dirección de correo en {service}',
      asked:
        'Alguien ha pedido a {service} que confirme que esta es la dirección de correo de {handle}. Si has sido tú, introduce este código:',
      otherwise:
        'Si no has sido tú, no hagas nada: sin el código, la dirección queda sin confirmar.',
    },
    update_email: {
      subject: 'Cambia tu dirección de correo en {service}',
      asked:
        'Alguien ha pedido a {service} que cambie la dirección de correo de {handle}. Si has sido tú, introduce este código:',
      otherwise: 'Si no has sido tú, no hagas nada: sin el código, la dirección sigue igual.',
    },
    reset_password: {
      subject: 'Restablece tu contraseña en {service}',
      asked:
        'Alguien ha pedido a {service} una nueva contraseña para {handle}. Si has sido tú, introduce este código:',
      otherwise: 'Si no has sido tú, no hagas nada: sin el código, la contraseña sigue igual.',
    },
    delete_account: {
      subject: 'Elimina tu cuenta en {service}',
      asked:
        'Alguien ha pedido a {service} que elimine definitivamente la cuenta {handle}. Si has sido tú, introduce este código:',
      otherwise: 'Si no has sido tú, no hagas nada: sin el código, la cuenta sigue igual.',
    },
    plc_operation: {
      subject: 'Cambia tu identidad en {service}',
      asked:
        'Alguien ha pedido a {service} que firme un cambio de la identidad (DID) de {handle}. Si has sido tú, introduce este código:',
      otherwise: 'Si no has sido tú, no hagas nada: sin el código, la identidad sigue igual.',
    },
    sign_in: {
      subject: 'Inicio de sesión en {service}',
      asked:
        'Alguien ha introducido en {service} la contraseña correcta de {handle} y necesita un código para iniciar sesión. Si has sido tú, introduce este código:',
      otherwise:
        'Si no has sido tú, alguien conoce tu contraseña: cámbiala. Sin el código, nadie puede iniciar sesión.',
    },
  },

  notices: {
    'passkey added': {
      subject: 'Se ha añadido una llave de acceso en {service}',
      said: 'Se ha añadido a {handle} una llave de acceso llamada {name}. Quien la tenga puede iniciar sesión.',
    },
    'passkey removed': {
      subject: 'Se ha quitado una llave de acceso en {service}',
      said: 'Se ha quitado una llave de acceso de {handle}.',
    },
    'app password added': {
      subject: 'Se ha creado una contraseña de aplicación en {service}',
      said: 'Se ha creado para {handle} una contraseña de aplicación llamada {name}.',
    },
    'authenticator app on': {
      subject: 'Ha cambiado el inicio de sesión en {service}',
      said: 'Se ha configurado una aplicación de autenticación para {handle}: al iniciar sesión se piden sus códigos.',
    },
    'authenticator app off': {
      subject: 'Ha cambiado el inicio de sesión en {service}',
      said: 'Se ha desactivado la aplicación de autenticación de {handle}: ya no se piden sus códigos.',
    },
    'codes by mail on': {
      subject: 'Ha cambiado el inicio de sesión en {service}',
      said: 'Se han activado los códigos por correo para {handle}.',
    },
    'codes by mail off': {
      subject: 'Ha cambiado el inicio de sesión en {service}',
      said: 'Se han desactivado los códigos por correo para {handle}.',
    },
    'recovery codes made': {
      subject: 'Ha cambiado el inicio de sesión en {service}',
      said: 'Se han creado nuevos códigos de recuperación para {handle}; los anteriores ya no sirven.',
    },
    'email changed': {
      subject: 'Se ha cambiado tu dirección de correo en {service}',
      said: 'La dirección de correo de {handle} se ha cambiado a {to}. Esta ya no se usa.',
    },
    'password changed': {
      subject: 'Se ha cambiado tu contraseña en {service}',
      said: 'Se ha cambiado la contraseña de {handle} y se ha cerrado la sesión en todos los navegadores y aplicaciones.',
    },
    'new browser': {
      subject: 'Inicio de sesión en un navegador nuevo en {service}',
      said: 'Alguien ha iniciado sesión como {handle} en un navegador que no se había usado antes.',
    },
    'app sign-in': {
      subject: 'Inicio de sesión con una aplicación nueva en {service}',
      said: 'Alguien ha iniciado sesión como {handle} con la contraseña, en una aplicación o desde una red que no se había usado antes.',
    },
    'recovery key added': {
      subject: 'Se ha añadido una clave de recuperación en {service}',
      said: 'Se ha añadido a la identidad (DID) de {handle} una clave de recuperación: {key}. Quien la tenga puede deshacer cambios de la identidad y llevarla a otro servidor.',
    },
    'identity change signed': {
      subject: 'Se ha firmado un cambio de tu identidad en {service}',
      said: '{service} ha firmado un cambio de la identidad (DID) de {handle}, porque se ha introducido un código que se te había enviado. Con él se puede llevar la cuenta a otro servidor. Una clave de recuperación puede deshacerlo durante 72 horas.',
    },
    'account taken down': {
      subject: 'Se ha suspendido tu cuenta en {service}',
      said: 'El operador de {service} ha suspendido la cuenta {handle}: los demás no la ven. No se ha eliminado nada.',
    },
    'account restored': {
      subject: 'Tu cuenta en {service} vuelve a estar disponible',
      said: 'El operador de {service} ha restablecido la cuenta {handle}: los demás la ven de nuevo.',
    },
    'data downloaded': {
      subject: 'Se han descargado tus datos en {service}',
      said: 'Se han descargado todos los datos de {handle} en un solo archivo, desde la página de tus datos.',
    },
  },

  signUps: {
    waiting: {
      subject: 'Tu registro en {service} espera aprobación',
      said: 'Se ha creado tu cuenta {handle} en {service}. Espera la aprobación del operador y, hasta entonces, nadie la ve.',
      next: 'Te avisaremos por correo de la decisión. Mientras tanto puedes confirmar tu dirección o eliminar la cuenta: {url}',
    },
    approved: {
      subject: 'Se ha aprobado tu cuenta en {service}',
      said: 'Se ha aprobado tu cuenta {handle} en {service}.',
      next: 'Puedes iniciar sesión con cualquier aplicación de la red. Cuando pida el servidor, escribe {host}.',
    },
    refused: {
      subject: 'No se ha aprobado tu registro en {service}',
      said: 'No se ha aprobado tu registro como {handle} en {service}, y se ha eliminado todo lo que se había guardado de él.',
      next: '{reason}',
    },
  },

  stillGood: 'Siguen sirviendo para iniciar sesión: {list}. Quita lo que no sea tuyo.',
  stillPasskeys: 'llaves de acceso: {count}',
  stillAppPasswords: 'contraseñas de aplicación: {names}',
  listSeparator: ', ',
  agent: 'El programa dice ser {agent}.',
  time: 'Fecha y hora: {time}',
  ifNotYou:
    'Si has sido tú, no tienes que hacer nada. Si no, cambia tu contraseña y quita lo que no sea tuyo en {url}',
  questions: '¿Preguntas? {contact}',
  turnOff: 'Puedes desactivar los correos sobre inicios de sesión: {url}',

  page: {
    title: 'Correos sobre inicios de sesión',
    on: 'Se envía un correo cuando alguien inicia sesión como {handle} en un navegador o una aplicación nuevos.',
    off: 'No se envía ningún correo cuando alguien inicia sesión como {handle} en un navegador o una aplicación nuevos. De los demás cambios se sigue avisando.',
    turnOff: 'Desactivar',
    turnOn: 'Activar',
    badLink: 'Este enlace está incompleto. Ábrelo de nuevo tal como está en el correo.',
  },
}

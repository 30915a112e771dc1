import type { Strings } from './en.ts'

export const de: Strings = {
  tag: 'de',
  quotes: { open: '„', close: '“' },

  tokens: {
    lifetime: 'Er gilt einmal, und {minutes} Minuten lang. Geben Sie ihn niemandem weiter.',
    confirm_email: {
      subject: 'E-Mail-Adresse bei {service} bestätigen',
      asked:
        'Jemand hat bei {service} darum gebeten, diese E-Mail-Adresse für {handle} zu bestätigen. Wenn Sie das waren, geben Sie diesen Code ein:',
      otherwise:
        'Wenn Sie es nicht waren, müssen Sie nichts tun: Ohne den Code bleibt die Adresse unbestätigt.',
    },
    update_email: {
      subject: 'E-Mail-Adresse bei {service} ändern',
      asked:
        'Jemand hat bei {service} darum gebeten, die E-Mail-Adresse von {handle} zu ändern. Wenn Sie das waren, geben Sie diesen Code ein:',
      otherwise:
        'Wenn Sie es nicht waren, müssen Sie nichts tun: Ohne den Code bleibt die Adresse, wie sie ist.',
    },
    reset_password: {
      subject: 'Neues Passwort bei {service}',
      asked:
        'Jemand hat bei {service} um ein neues Passwort für {handle} gebeten. Wenn Sie das waren, geben Sie diesen Code ein:',
      otherwise:
        'Wenn Sie es nicht waren, müssen Sie nichts tun: Ohne den Code bleibt das Passwort, wie es ist.',
    },
    delete_account: {
      subject: 'Konto bei {service} löschen',
      asked:
        'Jemand hat bei {service} darum gebeten, das Konto {handle} endgültig zu löschen. Wenn Sie das waren, geben Sie diesen Code ein:',
      otherwise:
        'Wenn Sie es nicht waren, müssen Sie nichts tun: Ohne den Code bleibt das Konto bestehen.',
    },
    plc_operation: {
      subject: 'Identität bei {service} ändern',
      asked:
        'Jemand hat {service} gebeten, eine Änderung der Identität (DID) von {handle} zu unterschreiben. Wenn Sie das waren, geben Sie diesen Code ein:',
      otherwise:
        'Wenn Sie es nicht waren, müssen Sie nichts tun: Ohne den Code bleibt die Identität, wie sie ist.',
    },
    sign_in: {
      subject: 'Anmeldung bei {service}',
      asked:
        'Jemand hat bei {service} das richtige Passwort von {handle} eingegeben und braucht zum Anmelden noch einen Code. Wenn Sie das waren, geben Sie diesen Code ein:',
      otherwise:
        'Wenn Sie es nicht waren, kennt jemand Ihr Passwort: Ändern Sie es. Ohne den Code kann sich niemand anmelden.',
    },
  },

  notices: {
    'passkey added': {
      subject: 'Neuer Passkey bei {service}',
      said: 'Für {handle} wurde ein Passkey mit dem Namen {name} hinzugefügt. Wer ihn hat, kann sich damit anmelden.',
    },
    'passkey removed': {
      subject: 'Passkey bei {service} entfernt',
      said: 'Ein Passkey von {handle} wurde entfernt.',
    },
    'app password added': {
      subject: 'Neues App-Passwort bei {service}',
      said: 'Für {handle} wurde ein App-Passwort mit dem Namen {name} erstellt.',
    },
    'authenticator app on': {
      subject: 'Anmeldung bei {service} geändert',
      said: 'Für {handle} wurde eine Authenticator-App eingerichtet: Beim Anmelden wird nach ihren Codes gefragt.',
    },
    'authenticator app off': {
      subject: 'Anmeldung bei {service} geändert',
      said: 'Die Authenticator-App von {handle} wurde abgeschaltet: Nach ihren Codes wird nicht mehr gefragt.',
    },
    'codes by mail on': {
      subject: 'Anmeldung bei {service} geändert',
      said: 'Codes per E-Mail wurden für {handle} eingeschaltet.',
    },
    'codes by mail off': {
      subject: 'Anmeldung bei {service} geändert',
      said: 'Codes per E-Mail wurden für {handle} abgeschaltet.',
    },
    'recovery codes made': {
      subject: 'Anmeldung bei {service} geändert',
      said: 'Für {handle} wurden neue Wiederherstellungscodes erstellt; die bisherigen gelten nicht mehr.',
    },
    'email changed': {
      subject: 'Ihre E-Mail-Adresse bei {service} wurde geändert',
      said: 'Die E-Mail-Adresse von {handle} wurde zu {to} geändert. Diese hier wird nicht mehr verwendet.',
    },
    'password changed': {
      subject: 'Ihr Passwort bei {service} wurde geändert',
      said: 'Das Passwort von {handle} wurde geändert, und alle Browser und Apps wurden abgemeldet.',
    },
    'new browser': {
      subject: 'Anmeldung in einem neuen Browser bei {service}',
      said: 'Jemand hat sich als {handle} in einem Browser angemeldet, der bisher nicht verwendet wurde.',
    },
    'app sign-in': {
      subject: 'Anmeldung mit einer neuen App bei {service}',
      said: 'Jemand hat sich als {handle} mit dem Passwort angemeldet, in einer App oder aus einem Netz, die bisher nicht verwendet wurden.',
    },
    'recovery key added': {
      subject: 'Neuer Wiederherstellungsschlüssel bei {service}',
      said: 'Zur Identität (DID) von {handle} wurde ein Wiederherstellungsschlüssel hinzugefügt: {key}. Wer ihn besitzt, kann Änderungen der Identität rückgängig machen und sie zu einem anderen Anbieter mitnehmen.',
    },
    'identity change signed': {
      subject: 'Änderung Ihrer Identität bei {service} unterschrieben',
      said: '{service} hat eine Änderung der Identität (DID) von {handle} unterschrieben, da ein Code eingegeben wurde, der an Sie geschickt worden war. Damit kann das Konto zu einem anderen Anbieter umziehen. Mit einem Wiederherstellungsschlüssel lässt sich das 72 Stunden lang rückgängig machen.',
    },
    'account taken down': {
      subject: 'Ihr Konto bei {service} wurde gesperrt',
      said: 'Der Betreiber von {service} hat das Konto {handle} gesperrt: Andere sehen es nicht. Gelöscht wurde nichts.',
    },
    'account restored': {
      subject: 'Ihr Konto bei {service} ist wieder da',
      said: 'Der Betreiber von {service} hat das Konto {handle} wieder freigegeben: Andere sehen es wieder.',
    },
    'data downloaded': {
      subject: 'Ihre Daten bei {service} wurden heruntergeladen',
      said: 'Alle Daten von {handle} wurden als eine Datei heruntergeladen, auf der Seite für die eigenen Daten.',
    },
  },

  signUps: {
    waiting: {
      subject: 'Ihre Registrierung bei {service} wartet auf Freigabe',
      said: 'Ihr Konto {handle} bei {service} wurde angelegt. Es wartet auf die Freigabe durch den Betreiber; bis dahin sieht es niemand.',
      next: 'Über die Entscheidung werden Sie per E-Mail informiert. Bis dahin können Sie Ihre Adresse bestätigen oder das Konto löschen: {url}',
    },
    approved: {
      subject: 'Ihr Konto bei {service} wurde freigegeben',
      said: 'Ihr Konto {handle} bei {service} wurde freigegeben.',
      next: 'Sie können sich mit jeder App des Netzwerks anmelden. Wenn nach dem Anbieter gefragt wird, geben Sie {host} ein.',
    },
    refused: {
      subject: 'Ihre Registrierung bei {service} wurde abgelehnt',
      said: 'Ihre Registrierung als {handle} bei {service} wurde abgelehnt, und alles, was davon gespeichert war, ist gelöscht.',
      next: '{reason}',
    },
  },

  stillGood: 'Zum Anmelden gelten weiterhin: {list}. Entfernen Sie, was nicht Ihnen gehört.',
  stillPasskeys: 'Passkeys: {count}',
  stillAppPasswords: 'App-Passwörter: {names}',
  listSeparator: ', ',
  agent: 'Als Programm wurde angegeben: {agent}.',
  time: 'Zeitpunkt: {time}',
  ifNotYou:
    'Wenn Sie das waren, ist nichts zu tun. Wenn nicht, ändern Sie Ihr Passwort, und entfernen Sie unter {url}, was nicht Ihnen gehört.',
  questions: 'Fragen? {contact}',
  turnOff: 'E-Mails über Anmeldungen können Sie abschalten: {url}',

  page: {
    title: 'E-Mails über Anmeldungen',
    on: 'Wenn sich jemand als {handle} in einem neuen Browser oder einer neuen App anmeldet, wird eine E-Mail geschickt.',
    off: 'Wenn sich jemand als {handle} in einem neuen Browser oder einer neuen App anmeldet, wird keine E-Mail geschickt. Andere Änderungen werden weiterhin gemeldet.',
    turnOff: 'Abschalten',
    turnOn: 'Einschalten',
    badLink:
      'Dieser Link ist unvollständig. Öffnen Sie ihn noch einmal so, wie er in der E-Mail steht.',
  },
}

//! What mail servers answer: RFC 5321 reply codes and RFC 3463 enhanced codes.

use super::*;

pub(super) const SMTP: &[ProviderCode] = table! { Smtp:
    421 => RETRY, ProviderUnavailable, Nobody, true,
        "The mail server is closing the connection or is too busy" / "Nothing to do: Chaski retries by itself.",
        "El servidor de correo cierra la conexión o está muy ocupado" / "No hagas nada: Chaski reintenta solo.";
    450 => RETRY, ProviderUnavailable, Nobody, true,
        "The mail server puts the mail off" / "Nothing to do: many servers do so with new senders, and Chaski retries by itself.",
        "El servidor de correo aplaza el correo" / "No hagas nada: muchos servidores lo hacen con remitentes nuevos, y Chaski reintenta solo.";
    451 => RETRY, ProviderUnavailable, Nobody, true,
        "The mail server has a fault for the moment" / "Nothing to do: Chaski retries by itself.",
        "El servidor de correo tiene una falla momentánea" / "No hagas nada: Chaski reintenta solo.";
    452 => RETRY, ProviderUnavailable, Nobody, true,
        "The mail server has no room for the moment" / "Nothing to do: Chaski retries by itself.",
        "El servidor de correo no tiene espacio por el momento" / "No hagas nada: Chaski reintenta solo.";
    454 => RETRY, ProviderUnavailable, Nobody, true,
        "The mail server cannot check the login for the moment" / "Nothing to do: Chaski retries by itself.",
        "El servidor de correo no puede comprobar el acceso por el momento" / "No hagas nada: Chaski reintenta solo.";
    530 => HOLD, CredentialsRefused, Admin, true,
        "The mail server wants a login or TLS first" / "Set username, password and smtp_url with `chaski channel set`, then resume the channel.",
        "El servidor de correo exige acceso o TLS primero" / "Pon username, password y smtp_url con `chaski channel set` y reanuda el canal.";
    534 => HOLD, CredentialsRefused, Admin, true,
        "The mail server wants a stronger login" / "Make an app password at the mail provider, set it with `chaski channel set`, then resume the channel.",
        "El servidor de correo exige un acceso más fuerte" / "Crea una contraseña de aplicación en tu proveedor, ponla con `chaski channel set` y reanuda el canal.";
    535 => HOLD, CredentialsRefused, Admin, true,
        "The mail server does not accept user name and password" / "Set them with `chaski channel set`, then resume the channel.",
        "El servidor de correo no acepta usuario y contraseña" / "Ponlos con `chaski channel set` y reanuda el canal.";
    538 => HOLD, CredentialsRefused, Admin, true,
        "The mail server takes this login over TLS alone" / "Use smtps:// or STARTTLS in smtp_url, then resume the channel.",
        "El servidor de correo solo acepta este acceso por TLS" / "Usa smtps:// o STARTTLS en smtp_url y reanuda el canal.";
    550 => FAIL, ProviderRefused, You, false,
        "The mail server refused the mail" / "Its own words say why.",
        "El servidor de correo rechazó el correo" / "Sus propias palabras dicen por qué.";
    550 "5.1.1 " => FAIL, RecipientUnreachable, Contact, false,
        "There is no such mailbox" / "Correct the contact's e-mail address.",
        "El buzón no existe" / "Corrige la dirección de correo del contacto.";
    550 "5.1.2 " => FAIL, RecipientUnreachable, Contact, false,
        "There is no such mail domain" / "Correct the contact's e-mail address.",
        "El dominio de correo no existe" / "Corrige la dirección de correo del contacto.";
    550 "5.1.3 " => FAIL, RecipientUnreachable, Contact, false,
        "The address is not written as one" / "Correct the contact's e-mail address.",
        "La dirección no está bien escrita" / "Corrige la dirección de correo del contacto.";
    550 "5.1.10 " => FAIL, RecipientUnreachable, Contact, false,
        "The domain takes no mail" / "Correct the contact's e-mail address.",
        "El dominio no recibe correo" / "Corrige la dirección de correo del contacto.";
    550 "5.2.1 " => FAIL, RecipientUnreachable, Contact, false,
        "The mailbox is switched off" / "Correct the contact's e-mail address.",
        "El buzón está desactivado" / "Corrige la dirección de correo del contacto.";
    550 "5.7." => FAIL, ProviderRefused, You, false,
        "The mail server refused the mail by its policy, for example as spam" / "Look at its own words, and at the SPF, DKIM and DMARC records of the sending domain.",
        "El servidor de correo rechazó el correo por su política, por ejemplo como spam" / "Mira sus propias palabras y los registros SPF, DKIM y DMARC del dominio remitente.";
    550 "recipient address rejected" => FAIL, RecipientUnreachable, Contact, false,
        "The mail server refuses this recipient" / "Correct the contact's e-mail address.",
        "El servidor de correo rechaza a este destinatario" / "Corrige la dirección de correo del contacto.";
    552 "5.2.2 " => RETRY, ProviderUnavailable, Contact, true,
        "The contact's mailbox is full" / "Nothing to do: Chaski retries by itself.",
        "El buzón del contacto está lleno" / "No hagas nada: Chaski reintenta solo.";
    552 "4.2.2 " => RETRY, ProviderUnavailable, Contact, true,
        "The contact's mailbox is full" / "Nothing to do: Chaski retries by itself.",
        "El buzón del contacto está lleno" / "No hagas nada: Chaski reintenta solo.";
    552 => FAIL, ProviderRefused, You, false,
        "The mail is larger than the mail server takes" / "Send smaller files, or links to them.",
        "El correo es más grande de lo que el servidor acepta" / "Envía archivos más pequeños o enlaces.";
    552 "5.3.4 " => FAIL, ProviderRefused, You, false,
        "The mail is larger than the mail server takes" / "Send smaller files, or links to them.",
        "El correo es más grande de lo que el servidor acepta" / "Envía archivos más pequeños o enlaces.";
    553 => FAIL, RecipientUnreachable, Contact, false,
        "The mail server does not take this address" / "Correct the contact's e-mail address.",
        "El servidor de correo no acepta esta dirección" / "Corrige la dirección de correo del contacto.";
    554 => FAIL, ProviderRefused, You, false,
        "The mail server refused the mail for good" / "Its own words say why.",
        "El servidor de correo rechazó el correo definitivamente" / "Sus propias palabras dicen por qué.";
};

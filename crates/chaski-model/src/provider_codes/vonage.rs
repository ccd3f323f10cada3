//! What Vonage's Messages API answers and reports.

use super::*;

pub(super) const VONAGE: &[ProviderCode] = table! { Vonage:
    401 => HOLD, CredentialsRefused, Admin, true,
        "Vonage does not accept the credentials" / "Check the application id and its private key, then resume the channel.",
        "Vonage no acepta las credenciales" / "Revisa el id de la aplicación y su clave privada, y reanuda el canal.";
    402 => HOLD, ChannelHeld, Admin, true,
        "The Vonage account's balance is too low" / "Top it up, then resume the channel.",
        "El saldo de la cuenta de Vonage es demasiado bajo" / "Recárgalo y reanuda el canal.";
    404 => FAIL, ProviderRefused, Admin, false,
        "Vonage does not know what was asked for" / "Check the channel's base_url and account ids.",
        "Vonage no conoce lo que se le pidió" / "Revisa la base_url y los ids de cuenta del canal.";
    422 => FAIL, ProviderRefused, You, false,
        "Vonage did not accept the request" / "Vonage's own words say why; correct it and send again.",
        "Vonage no aceptó la petición" / "Las palabras de Vonage dicen por qué; corrígelo y envía de nuevo.";
    429 => SLOW_ACCOUNT, ProviderThrottled, Nobody, true,
        "The Vonage account sends faster than it may" / "Nothing to do: Chaski slows down and retries by itself.",
        "La cuenta de Vonage envía más rápido de lo permitido" / "No hagas nada: Chaski baja el ritmo y reintenta solo.";
    500 => RETRY, ProviderUnavailable, Nobody, true,
        "Something went wrong at Vonage" / "Nothing to do: Chaski retries by itself.",
        "Algo falló en Vonage" / "No hagas nada: Chaski reintenta solo.";
    1000 => SLOW_ACCOUNT, ProviderThrottled, Nobody, true,
        "The Vonage account sends faster than it may" / "Nothing to do: Chaski slows down and retries by itself.",
        "La cuenta de Vonage envía más rápido de lo permitido" / "No hagas nada: Chaski baja el ritmo y reintenta solo.";
    1010 => FAIL, ProviderRefused, You, false,
        "A parameter is missing" / "Vonage's own words say which; add it and send again.",
        "Falta un parámetro" / "Las palabras de Vonage dicen cuál; añádelo y envía de nuevo.";
    1020 => FAIL, ProviderRefused, You, false,
        "A parameter is not valid" / "Vonage's own words say which; correct it and send again.",
        "Un parámetro no es válido" / "Las palabras de Vonage dicen cuál; corrígelo y envía de nuevo.";
    1021 => FAIL, ProviderRefused, You, false,
        "The message tag is not valid" / "Leave the tag out, or use a valid one.",
        "La etiqueta del mensaje no es válida" / "Quita la etiqueta o usa una válida.";
    1022 => FAIL, TemplateRefused, You, false,
        "The template or its values were refused" / "Check the template's name, language and number of values.",
        "Se rechazó la plantilla o sus valores" / "Revisa el nombre, el idioma y la cantidad de valores de la plantilla.";
    1030 => RETRY, ProviderUnavailable, Nobody, true,
        "Something went wrong at Vonage" / "Nothing to do: Chaski retries by itself.",
        "Algo falló en Vonage" / "No hagas nada: Chaski reintenta solo.";
    1040 => FAIL, RecipientUnreachable, You, false,
        "Vonage cannot process this message" / "Check the number's country code and the message's content.",
        "Vonage no puede procesar este mensaje" / "Revisa el prefijo del país y el contenido del mensaje.";
    1050 => FAIL, RecipientRefused, Contact, false,
        "The contact's number is barred" / "Use another number or channel.",
        "El número del contacto está vetado" / "Usa otro número u otro canal.";
    1060 => HOLD, ChannelHeld, Admin, true,
        "The Vonage account is barred" / "Ask Vonage why, then resume the channel.",
        "La cuenta de Vonage está vetada" / "Pregunta a Vonage por qué y reanuda el canal.";
    1070 => SLOW_ACCOUNT, ProviderThrottled, Admin, true,
        "The account's quota at the provider is used up" / "Ask Vonage for more; Chaski goes on slowly by itself.",
        "Se agotó la cuota de la cuenta en el proveedor" / "Pide más a Vonage; Chaski sigue despacio por sí solo.";
    1080 => HOLD, ChannelHeld, Admin, true,
        "The Vonage account may not use this API" / "Have it enabled at Vonage, then resume the channel.",
        "La cuenta de Vonage no puede usar esta API" / "Haz que la habiliten en Vonage y reanuda el canal.";
    1090 => FAIL, TextTooLong, You, false,
        "The message is too long" / "Shorten it, or send it as several messages.",
        "El mensaje es demasiado largo" / "Acórtalo o envíalo en varios mensajes.";
    1100 => RETRY, ProviderUnavailable, Nobody, true,
        "The message did not get through to the network" / "Nothing to do: Chaski retries by itself.",
        "El mensaje no llegó a la red" / "No hagas nada: Chaski reintenta solo.";
    1120 => HOLD, ChannelHeld, Admin, true,
        "The sender is not allowed" / "Check the channel's `from` number, then resume the channel.",
        "El remitente no está permitido" / "Revisa el número `from` del canal y reanúdalo.";
    1130 => FAIL, ProviderRefused, You, false,
        "The time to live is not valid" / "Use a time that Vonage allows.",
        "El tiempo de vida no es válido" / "Usa un tiempo que Vonage permita.";
    1140 => HOLD, ChannelHeld, Admin, true,
        "The Vonage account may not do this" / "Have it enabled at Vonage, then resume the channel.",
        "La cuenta de Vonage no puede hacer esto" / "Haz que lo habiliten en Vonage y reanuda el canal.";
    1150 => FAIL, ProviderRefused, You, false,
        "The message class is not valid" / "Send it without a message class.",
        "La clase de mensaje no es válida" / "Envíalo sin clase de mensaje.";
    1160 => FAIL, RecipientRefused, Admin, false,
        "A trial account may only write to numbers on its list" / "Add the number at Vonage, or leave the trial.",
        "Una cuenta de prueba solo puede escribir a los números de su lista" / "Añade el número en Vonage o deja el periodo de prueba.";
    1170 => FAIL, RecipientUnreachable, You, false,
        "The contact's number is not valid" / "Correct the number.",
        "El número del contacto no es válido" / "Corrige el número.";
    1180 => RETRY, ProviderUnavailable, Nobody, true,
        "The contact cannot be reached for a moment" / "Nothing to do: Chaski retries by itself.",
        "No se puede alcanzar al contacto por un momento" / "No hagas nada: Chaski reintenta solo.";
    1190 => FAIL, RecipientUnreachable, Contact, false,
        "The contact's number is no longer in use" / "Ask the contact for another number.",
        "El número del contacto ya no está en uso" / "Pide otro número al contacto.";
    1200 => FAIL, RecipientUnreachable, Nobody, false,
        "The number has moved to a network that cannot be reached" / "Use another channel.",
        "El número pasó a una red que no se puede alcanzar" / "Usa otro canal.";
    1210 => FAIL, ProviderRefused, You, false,
        "It was taken for spam" / "Change the text, and write only to people who want it.",
        "Se tomó por correo no deseado" / "Cambia el texto y escribe solo a quien lo quiere.";
    1220 => RETRY, ProviderUnavailable, Nobody, true,
        "The contact's phone is busy" / "Nothing to do: Chaski retries by itself.",
        "El teléfono del contacto está ocupado" / "No hagas nada: Chaski reintenta solo.";
    1230 => RETRY, ProviderUnavailable, Nobody, true,
        "The network has a fault for a moment" / "Nothing to do: Chaski retries by itself.",
        "La red tiene un fallo momentáneo" / "No hagas nada: Chaski reintenta solo.";
    1240 => FAIL, RecipientRefused, Contact, false,
        "The contact does not want messages from you" / "Respect it; only the contact can change it.",
        "El contacto no quiere recibir tus mensajes" / "Respétalo; solo el contacto puede cambiarlo.";
    1241 => SLOW_ACCOUNT, ProviderThrottled, Nobody, true,
        "Too many messages at once" / "Nothing to do: Chaski slows down and retries by itself.",
        "Demasiados mensajes a la vez" / "No hagas nada: Chaski baja el ritmo y reintenta solo.";
    1242 => HOLD, ChannelHeld, Admin, true,
        "The number pool does not exist" / "Check the channel's sender, then resume the channel.",
        "El grupo de números no existe" / "Revisa el remitente del canal y reanúdalo.";
    1250 => FAIL, RecipientUnreachable, Nobody, false,
        "There is no way to this number" / "Use another channel.",
        "No hay ruta hacia este número" / "Usa otro canal.";
    1251 => FAIL, RecipientUnreachable, Nobody, false,
        "Vonage cannot reach this number" / "Use another channel.",
        "Vonage no puede llegar a este número" / "Usa otro canal.";
    1260 => FAIL, RecipientUnreachable, Contact, false,
        "The contact cannot be reached" / "Check the number, or use another channel.",
        "No se puede alcanzar al contacto" / "Revisa el número o usa otro canal.";
    1270 => FAIL, RecipientRefused, Contact, false,
        "The contact's age does not allow it" / "Do not send it to this contact.",
        "La edad del contacto no lo permite" / "No lo envíes a este contacto.";
    1280 => FAIL, RecipientRefused, Nobody, false,
        "The carrier blocked it" / "Use another channel, or ask Vonage why.",
        "El operador lo bloqueó" / "Usa otro canal o pregunta a Vonage por qué.";
    1282 => FAIL, ProviderRefused, You, false,
        "WhatsApp rejected the message's content" / "Change the content, or use an approved template.",
        "WhatsApp rechazó el contenido del mensaje" / "Cambia el contenido o usa una plantilla aprobada.";
    1290 => FAIL, RecipientUnreachable, Contact, false,
        "The contact's pre-paid credit is used up" / "Use another channel.",
        "Al contacto se le acabó el saldo" / "Usa otro canal.";
    1300 => FAIL, RecipientUnreachable, Contact, false,
        "This number has no WhatsApp" / "Check the number, or use another channel.",
        "Este número no tiene WhatsApp" / "Revisa el número o usa otro canal.";
    1310 => FAIL, RecipientUnreachable, Contact, false,
        "The contact's device cannot show it" / "Send it as plain text, or use another channel.",
        "El dispositivo del contacto no puede mostrarlo" / "Envíalo como texto simple o usa otro canal.";
    1320 => FAIL, ProviderRefused, Nobody, false,
        "Vonage says that this message was sent already" / "Nothing to do; look at the earlier one.",
        "Vonage dice que este mensaje ya se envió" / "No hagas nada; mira el anterior.";
    1330 => FAIL, ProviderRefused, Nobody, false,
        "It could not be delivered, for an unknown reason" / "Send it again later, or use another channel.",
        "No se pudo entregar por un motivo desconocido" / "Envíalo más tarde o usa otro canal.";
    1331 => RETRY, ProviderUnavailable, Nobody, true,
        "WhatsApp does not answer Vonage" / "Send it again in a few minutes if Chaski has not.",
        "WhatsApp no responde a Vonage" / "Reenvíalo en unos minutos si Chaski no lo ha hecho.";
    1340 => FAIL, WindowClosed, You, false,
        "WhatsApp refused it: 24 hours have passed since the contact's last message" / "Send an approved template, or wait until the contact writes.",
        "WhatsApp lo rechazó: pasaron 24 horas desde el último mensaje del contacto" / "Envía una plantilla aprobada o espera a que el contacto escriba.";
    1350 => HOLD, ChannelHeld, Admin, true,
        "The phone matching fee is not paid" / "Settle it with Vonage, then resume the channel.",
        "No se pagó la tarifa de identificación de números" / "Resuélvelo con Vonage y reanuda el canal.";
    1360 => FAIL, Expired, Nobody, false,
        "It expired before it could be delivered" / "Send it again if it still matters.",
        "Caducó antes de poder entregarse" / "Envíalo de nuevo si aún importa.";
    1370 => HOLD, CredentialsRefused, Admin, true,
        "Vonage's access to WhatsApp has expired" / "Connect the number again at Vonage, then resume the channel.",
        "Caducó el acceso de Vonage a WhatsApp" / "Vuelve a conectar el número en Vonage y reanuda el canal.";
    1380 => FAIL, MediaUnreachable, You, false,
        "The file could not be fetched" / "Give a link that opens in a browser without signing in.",
        "No se pudo descargar el archivo" / "Usa un enlace que se abra en un navegador sin iniciar sesión.";
    1381 => FAIL, MediaUnreachable, You, false,
        "The file is too large" / "Send a smaller one.",
        "El archivo es demasiado grande" / "Envía uno más pequeño.";
    1382 => FAIL, MediaUnreachable, You, false,
        "Files of this type are not taken" / "Send it as another type.",
        "No se admiten archivos de este tipo" / "Envíalo en otro formato.";
    1400 => FAIL, ProviderRefused, Admin, false,
        "Vonage does not support this channel" / "Check that the number is connected to WhatsApp at Vonage.",
        "Vonage no admite este canal" / "Comprueba que el número está conectado a WhatsApp en Vonage.";
    1410 => FAIL, ProviderRefused, You, false,
        "The parameters are not valid for this channel" / "Vonage's own words say which; correct them and send again.",
        "Los parámetros no son válidos para este canal" / "Las palabras de Vonage dicen cuáles; corrígelos y envía de nuevo.";
    1420 => HOLD, ChannelHeld, Admin, true,
        "The sender is not valid" / "Check the channel's `from` number, then resume the channel.",
        "El remitente no es válido" / "Revisa el número `from` del canal y reanúdalo.";
    1430 => FAIL, RecipientUnreachable, You, false,
        "The contact's number is not valid" / "Correct the number.",
        "El número del contacto no es válido" / "Corrige el número.";
    1431 => FAIL, ProviderRefused, You, false,
        "A message can have only one recipient" / "Send one message for each contact.",
        "Un mensaje solo puede tener un destinatario" / "Envía un mensaje a cada contacto.";
    1440 => FAIL, NotSupported, You, false,
        "This type of message is not supported" / "Send it as another type.",
        "No se admite este tipo de mensaje" / "Envíalo como otro tipo.";
    1450 => FAIL, ProviderRefused, You, false,
        "The client reference is not valid" / "Tell the administrator; Chaski makes it itself.",
        "La referencia del cliente no es válida" / "Avisa al administrador; Chaski la crea por sí mismo.";
    1451 => FAIL, ProviderRefused, You, false,
        "The message to be answered is not known" / "Send it without quoting.",
        "No se conoce el mensaje al que se responde" / "Envíalo sin citar.";
    1460 => SLOW_CHANNEL, ProviderThrottled, Admin, true,
        "The number has reached its daily limit" / "Nothing to do: Chaski goes on the next day.",
        "El número alcanzó su límite diario" / "No hagas nada: Chaski sigue al día siguiente.";
    1461 => FAIL, RecipientRefused, Nobody, false,
        "WhatsApp chose not to deliver this marketing message" / "Do not send it again within 24 hours; the contact has had enough of them for now.",
        "WhatsApp decidió no entregar este mensaje de marketing" / "No lo reenvíes en 24 horas; el contacto ya recibió bastantes por ahora.";
    1470 => FAIL, RecipientRefused, Admin, false,
        "Vonage's fraud protection blocked it" / "Look at Fraud Defender in the Vonage dashboard.",
        "La protección contra fraude de Vonage lo bloqueó" / "Revisa Fraud Defender en el panel de Vonage.";
    1480 => FAIL, ProviderRefused, Admin, false,
        "A filter required by law blocked it" / "Ask Vonage which rule it breaks.",
        "Un filtro exigido por la ley lo bloqueó" / "Pregunta a Vonage qué norma incumple.";
};

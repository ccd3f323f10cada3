//! Everything that an API user can be told, as one closed set. The documentation, the OpenAPI
//! enumeration and `chaski explain` are made from [`ErrorCode::ALL`].

use crate::failure::Actor;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// What a code means, who can act and how to fix it.
#[derive(Debug, Clone, Copy)]
pub struct Info {
    /// The stable word.
    pub code: &'static str,
    /// The HTTP status it is answered with, or would be.
    pub status: u16,
    /// Whose move it is.
    pub actor: Actor,
    /// Whether the same request can succeed later.
    pub retryable: bool,
    /// English: what it means, and what to do.
    pub en: (&'static str, &'static str),
    /// Spanish: what it means, and what to do.
    pub es: (&'static str, &'static str),
}

macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident = $code:literal, $status:literal, $actor:ident, $retry:literal,
        en: $en:literal / $en_fix:literal, es: $es:literal / $es_fix:literal;)*) => {
        /// Why a request or a delivery failed. Codes are API: never rename or reuse one, only add.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum ErrorCode {
            $(#[doc = $en] $variant,)*
        }

        impl ErrorCode {
            /// Every code.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// What the code means.
            pub const fn info(self) -> Info {
                match self {
                    $(Self::$variant => Info {
                        code: $code, status: $status, actor: Actor::$actor, retryable: $retry,
                        en: ($en, $en_fix), es: ($es, $es_fix),
                    },)*
                }
            }
        }
    };
}

codes! {
    MalformedJson = "malformed_json", 400, You, false,
        en: "The body is not valid JSON" / "Send one JSON object; the message says where reading stopped.",
        es: "El cuerpo no es JSON válido" / "Envía un objeto JSON; el mensaje dice dónde se detuvo la lectura.";
    ValidationFailed = "validation_failed", 400, You, false,
        en: "The body has faults" / "Correct each place listed in `errors`.",
        es: "El cuerpo tiene errores" / "Corrige cada lugar indicado en `errors`.";
    IdentifierInvalid = "identifier_invalid", 400, You, false,
        en: "The contact identifier cannot be read" / "Use id:123, email:ana@ejemplo.ec or phone:+593997333444.",
        es: "No se entiende el identificador del contacto" / "Usa id:123, email:ana@ejemplo.ec o phone:+593997333444.";
    Unauthorized = "unauthorized", 401, You, false,
        en: "The token is missing or unknown" / "Send `Authorization: Bearer TOKEN` with a token of this server.",
        es: "Falta el token o no se reconoce" / "Envía `Authorization: Bearer TOKEN` con un token de este servidor.";
    TokenExpired = "token_expired", 401, You, false,
        en: "The token has expired" / "Make a new token in Settings or with `chaski token add`.",
        es: "El token ha caducado" / "Crea otro token en Ajustes o con `chaski token add`.";
    ScopeMissing = "scope_missing", 403, You, false,
        en: "The token may not do this" / "Use a token that has the scope named in the message.",
        es: "El token no tiene permiso para esto" / "Usa un token que tenga el permiso indicado en el mensaje.";
    RouteNotFound = "route_not_found", 404, You, false,
        en: "There is nothing at this address" / "Check the path against the API reference under /docs.",
        es: "No hay nada en esta dirección" / "Compara la ruta con la referencia de la API en /docs.";
    MethodNotAllowed = "method_not_allowed", 405, You, false,
        en: "This address does not take this method" / "Use one of the methods in the Allow header.",
        es: "Esta dirección no acepta este método" / "Usa uno de los métodos de la cabecera Allow.";
    ContactNotFound = "contact_not_found", 404, You, false,
        en: "Contact not found" / "Create the contact first, or check the identifier.",
        es: "Contacto no encontrado" / "Crea primero el contacto o revisa el identificador.";
    ContactExists = "contact_exists", 409, You, false,
        en: "A contact with this address exists" / "Update it, or use create_or_update.",
        es: "Ya existe un contacto con esta dirección" / "Actualízalo o usa create_or_update.";
    ChannelNotFound = "channel_not_found", 404, You, false,
        en: "Channel not found" / "List the channels and use an id of this workspace.",
        es: "Canal no encontrado" / "Consulta la lista de canales y usa un id de este espacio.";
    MessageNotFound = "message_not_found", 404, You, false,
        en: "Message not found" / "Check the message id and that it belongs to this contact.",
        es: "Mensaje no encontrado" / "Revisa el id del mensaje y que sea de este contacto.";
    NotFound = "not_found", 404, You, false,
        en: "Not found" / "Check the id.",
        es: "No encontrado" / "Revisa el id.";
    Conflict = "conflict", 409, You, false,
        en: "It exists already or is in use" / "Choose another name, or change the existing one.",
        es: "Ya existe o está en uso" / "Elige otro nombre o cambia el existente.";
    NoChannel = "no_channel", 400, You, false,
        en: "The contact has no channel that can carry this message" / "Give `channelId`, or wait until the contact has written.",
        es: "El contacto no tiene ningún canal que pueda llevar este mensaje" / "Indica `channelId` o espera a que el contacto escriba.";
    ChannelCannotCarry = "channel_cannot_carry", 400, You, false,
        en: "The channel cannot carry this type of message" / "Choose another channel or another message type.",
        es: "El canal no puede llevar este tipo de mensaje" / "Elige otro canal u otro tipo de mensaje.";
    NoAddress = "no_address", 400, You, false,
        en: "The contact has no address on this channel" / "Add the contact's phone or id for this channel.",
        es: "El contacto no tiene dirección en este canal" / "Añade el teléfono o el id del contacto para este canal.";
    TextTooLong = "text_too_long", 400, You, false,
        en: "The text is longer than the channel takes" / "Shorten it, or send it as several messages.",
        es: "El texto es más largo de lo que admite el canal" / "Acórtalo o envíalo en varios mensajes.";
    NotSupported = "not_supported", 400, You, false,
        en: "This is not supported" / "Leave it out; the message names what it is.",
        es: "Esto no está disponible" / "Quítalo; el mensaje dice qué es.";
    ComponentNotSupported = "component_not_supported", 400, You, false,
        en: "A template component that is not supported" / "Use a template without carousel, flow, authentication or copy-code parts.",
        es: "Un componente de plantilla no disponible" / "Usa una plantilla sin carrusel, flujo, autenticación ni código para copiar.";
    MediaLinkInvalid = "media_link_invalid", 400, You, false,
        en: "The media link is not a valid http or https address" / "Give a public link that opens in a browser.",
        es: "El enlace del archivo no es una dirección http o https válida" / "Indica un enlace público que se abra en un navegador.";
    MediaUnreachable = "media_unreachable", 400, You, false,
        en: "The media could not be fetched" / "Check that the link opens in a browser and has a type and size that the channel takes.",
        es: "No se pudo descargar el archivo" / "Comprueba que el enlace se abre en un navegador y que el canal admite su tipo y tamaño.";
    TemplateRefused = "template_refused", 400, You, false,
        en: "The template cannot be sent like this" / "Correct what the message names; the difference to the approved template is shown.",
        es: "La plantilla no se puede enviar así" / "Corrige lo que indica el mensaje; se muestra la diferencia con la plantilla aprobada.";
    TemplateUnavailable = "template_unavailable", 400, Admin, false,
        en: "The template is not approved, or not in this language" / "Use an approved template and one of its languages, or have it approved.",
        es: "La plantilla no está aprobada o no existe en este idioma" / "Usa una plantilla aprobada en uno de sus idiomas, o haz que la aprueben.";
    LintRefused = "lint_refused", 400, You, false,
        en: "Strict lint: the request differs from the approved template" / "Use the approved texts, or send without `lint: \"strict\"`.",
        es: "Revisión estricta: la petición difiere de la plantilla aprobada" / "Usa los textos aprobados o envía sin `lint: \"strict\"`.";
    WindowClosed = "window_closed", 400, You, false,
        en: "More than 24 hours have passed since the contact's last message" / "Send an approved template, or wait until the contact writes.",
        es: "Han pasado más de 24 horas desde el último mensaje del contacto" / "Envía una plantilla aprobada o espera a que el contacto escriba.";
    IdempotencyConflict = "idempotency_conflict", 409, You, false,
        en: "This Idempotency-Key was used with another body" / "Use a new key for a new message.",
        es: "Esta Idempotency-Key ya se usó con otro cuerpo" / "Usa una clave nueva para un mensaje nuevo.";
    BodyTooLarge = "body_too_large", 413, You, false,
        en: "The body is too large" / "Send at most 1 MiB.",
        es: "El cuerpo es demasiado grande" / "Envía como máximo 1 MiB.";
    UrlRefused = "url_refused", 400, You, false,
        en: "The address is not allowed" / "Use a public address, or allow private networks in the configuration.",
        es: "La dirección no está permitida" / "Usa una dirección pública o permite redes privadas en la configuración.";
    NotReplayable = "not_replayable", 409, You, false,
        en: "The message cannot be sent again" / "The message of the error says why; send a new message.",
        es: "El mensaje no se puede volver a enviar" / "El mensaje del error dice por qué; envía un mensaje nuevo.";
    Busy = "busy", 429, Nobody, true,
        en: "Too many requests at once" / "Send it again after the time in Retry-After; nothing was stored.",
        es: "Demasiadas peticiones a la vez" / "Vuelve a enviarla tras el tiempo de Retry-After; no se guardó nada.";
    CommitUnknown = "commit_unknown", 503, You, true,
        en: "It is not known whether the request was stored" / "Send it again with the same Idempotency-Key, or look the message up first.",
        es: "No se sabe si la petición se guardó" / "Envíala de nuevo con la misma Idempotency-Key o busca antes el mensaje.";
    StorageUnavailable = "storage_unavailable", 503, Admin, true,
        en: "The storage cannot be written" / "Free disk space or repair the file system; nothing was stored.",
        es: "No se puede escribir en el almacenamiento" / "Libera espacio o repara el sistema de archivos; no se guardó nada.";
    Internal = "internal", 500, Admin, true,
        en: "Something went wrong in the server" / "Tell the administrator the requestId.",
        es: "Algo falló en el servidor" / "Comunica el requestId al administrador.";
    CredentialsRefused = "credentials_refused", 400, Admin, false,
        en: "The provider refused the credentials" / "Renew the channel's credentials, then resume the channel.",
        es: "El proveedor rechazó las credenciales" / "Renueva las credenciales del canal y reanúdalo.";
    ChannelHeld = "channel_held", 400, Admin, true,
        en: "The channel is held at the provider" / "Settle the cause with the provider, then resume the channel.",
        es: "El canal está retenido en el proveedor" / "Resuelve la causa con el proveedor y reanuda el canal.";
    RecipientUnreachable = "recipient_unreachable", 400, Contact, false,
        en: "The contact cannot be reached on this channel" / "Check the number, or use another channel.",
        es: "No se puede alcanzar al contacto por este canal" / "Revisa el número o usa otro canal.";
    RecipientRefused = "recipient_refused", 400, Contact, false,
        en: "The contact does not take these messages" / "Respect it: the contact has opted out or is protected.",
        es: "El contacto no acepta estos mensajes" / "Respétalo: el contacto se dio de baja o está protegido.";
    ProviderThrottled = "provider_throttled", 429, Nobody, true,
        en: "The provider limits the rate" / "Nothing to do: Chaski retries by itself.",
        es: "El proveedor limita el ritmo" / "Nada que hacer: Chaski reintenta solo.";
    ProviderUnavailable = "provider_unavailable", 503, Nobody, true,
        en: "The provider cannot be reached or has a fault" / "Nothing to do: Chaski retries by itself until the message's time is up.",
        es: "El proveedor no responde o tiene un fallo" / "Nada que hacer: Chaski reintenta solo hasta que venza el mensaje.";
    ProviderRefused = "provider_refused", 400, You, false,
        en: "The provider refused the message" / "The provider's own words say why; correct it and send again.",
        es: "El proveedor rechazó el mensaje" / "Las palabras del proveedor dicen por qué; corrígelo y envíalo de nuevo.";
    OutcomeUnknown = "outcome_unknown", 503, Nobody, false,
        en: "The provider's answer was lost" / "It may have arrived. Look at the contact's phone, then send again or leave it.",
        es: "Se perdió la respuesta del proveedor" / "Puede haber llegado. Compruébalo con el contacto y luego reenvía o déjalo.";
    Expired = "expired", 400, You, false,
        en: "The message's time was up before it could be sent" / "Send it again if it still matters.",
        es: "El mensaje caducó antes de poder enviarse" / "Envíalo de nuevo si aún importa.";
    Canceled = "canceled", 400, You, false,
        en: "The message was canceled" / "Nothing to do.",
        es: "El mensaje se canceló" / "Nada que hacer.";
    WebhookUnauthorized = "webhook_unauthorized", 401, Admin, false,
        en: "The webhook's signature is missing or wrong" / "Check the channel's signing secret.",
        es: "Falta la firma del webhook o no es correcta" / "Revisa el secreto de firma del canal.";
}

impl ErrorCode {
    /// Reads a stable word.
    pub fn parse(code: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|known| known.info().code == code)
    }
}

impl Serialize for ErrorCode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.info().code)
    }
}

impl<'de> Deserialize<'de> for ErrorCode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let word = String::deserialize(deserializer)?;
        Ok(Self::parse(&word).unwrap_or(Self::Internal))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_unique_and_reads_back() {
        let mut words: Vec<_> = ErrorCode::ALL.iter().map(|code| code.info().code).collect();
        for code in ErrorCode::ALL {
            assert_eq!(ErrorCode::parse(code.info().code), Some(*code));
        }
        words.sort_unstable();
        words.dedup();
        assert_eq!(words.len(), ErrorCode::ALL.len());
    }
}

// Vonage's own libraries. Their documented options `apiHost` and `restHost` lead them to the simulator.

import { createHash } from 'node:crypto';
import { AlgorithmTypes, Auth } from '@vonage/auth';
import { verifySignature } from '@vonage/jwt';
import { Messages, SMS as Text, WhatsAppText } from '@vonage/messages';
import { SMS } from '@vonage/sms';
import { Receiver, account, changed, control, phone, say, write } from './support.mjs';

const digits = phone.replace('+', '');
const receiver = await Receiver.start();

/** One account by the Messages API: a message there, a message back. */
async function both(source, message) {
  const set = account(source);
  const auth = new Auth({ applicationId: set.application_id, privateKey: set.private_key });
  const client = new Messages(auth, { apiHost: set.base_url });
  const path = `/${source}`;
  await control('PUT', '/webhooks', { source, url: `${receiver.url}${path}`, statusUrl: `${receiver.url}/status` });
  await write(source, 'hola');
  const hook = await receiver.until('the message', (hook) => hook.path === path);
  const token = hook.headers.authorization.replace('Bearer ', '');
  const [head, claims, signature] = token.split('.');
  const wrong = `${head}.${changed(Buffer.from(claims, 'base64url')).toString('base64url')}.${signature}`;
  // The library checks the token; that the token is of this body, its documentation leaves to the caller.
  const isOf = (body) => JSON.parse(Buffer.from(claims, 'base64url')).payload_hash === createHash('sha256').update(body).digest('hex');
  const sent = await client.send(message(set, `Sent by the library of Vonage to ${source}`));
  return {
    client,
    set,
    sent: sent.messageUUID,
    heard: JSON.parse(hook.body).text,
    original: verifySignature(token, set.signature_secret) && isOf(hook.body),
    changed: verifySignature(wrong, set.signature_secret) || isOf(changed(hook.body)),
  };
}

/** The older API, by key and secret; its webhooks have their signature among their fields. */
async function older() {
  const { base_url, api_key, api_secret, from, signature_secret } = account('nexmo', (set) => set.api === 'sms');
  const client = new SMS(new Auth({ apiKey: api_key, apiSecret: api_secret }), { restHost: base_url });
  const answer = await client.send({ to: digits, from, text: 'Sent by the older library of Vonage' });
  await control('PUT', '/webhooks', { source: 'nexmo', account: from, url: `${receiver.url}/older` });
  await control('POST', `/phones/${phone}/messages`, { type: 'text', provider: 'nexmo', account: from, text: 'hola' });
  const hook = await receiver.until('the message', ({ path, body }) => path === '/older' && body.includes('hola'));
  const fields = JSON.parse(hook.body);
  const valid = (params) => client.verifySignature(fields.sig, params, signature_secret, AlgorithmTypes.sha256hmac);
  return {
    sent: answer.messages[0].messageId,
    heard: fields.text,
    original: valid(fields),
    changed: valid({ ...fields, text: changed(Buffer.from(fields.text)).toString() }),
  };
}

const whatsapp = await both('nexmo_whatsapp', (set, text) => new WhatsAppText({ from: set.from, to: digits, text }));
const sms = await both('nexmo', (set, text) => new Text({ from: set.from, to: digits, text }));
const refused = await whatsapp.client
  .send(new WhatsAppText({ from: '15550000000', to: digits, text: 'x' }))
  .then(() => undefined, async ({ response }) => ({ status: response.status, title: (await response.json()).title }));
const result = ({ sent, heard, original, changed }) => ({ sent, heard, original, changed });

say({
  whatsapp: result(whatsapp),
  sms: result(sms),
  older: await older(),
  refused,
});

// Twilio's own library. It knows no other host than Twilio's; a client of one's own for HTTP, as its
// documentation shows for proxies, leads it to the simulator.

import twilio from 'twilio';
import { Receiver, account, changed, phone, say, write } from './support.mjs';

const set = account('twilio');

class ToSimulator extends twilio.RequestClient {
  request(options) {
    return super.request({ ...options, uri: options.uri.replace('https://api.twilio.com', set.base_url) });
  }
}

const client = twilio(set.account_sid, set.auth_token, { httpClient: new ToSimulator() });
const receiver = await Receiver.start();
const url = `${receiver.url}/inbound`;
const statusCallback = `${receiver.url}/status`;

const [number] = await client.incomingPhoneNumbers.list({ phoneNumber: set.from, limit: 1 });
await client.incomingPhoneNumbers(number.sid).update({ smsUrl: url, smsMethod: 'POST' });

await write('twilio', 'hola');
const params = (body) => Object.fromEntries(new URLSearchParams(body.toString()));
const valid = (hook, to, body) =>
  twilio.validateRequest(set.auth_token, hook.headers['x-twilio-signature'], to, params(body));
const hook = await receiver.until('the message', ({ path }) => path === '/inbound');

const message = await client.messages.create({
  from: set.from,
  to: phone,
  body: 'Sent by the library of Twilio',
  statusCallback,
});
const status = await receiver.until('delivered', ({ path, body }) => path === '/status' && params(body).MessageStatus === 'delivered');
const fetched = await client.messages(message.sid).fetch();
const refused = await client.messages
  .create({ from: set.from, to: 'nobody', body: 'x' })
  .then(() => undefined, ({ status, code }) => ({ status, code }));

say({
  sent: message.sid,
  heard: params(hook.body).Body,
  original: valid(hook, url, hook.body),
  changed: valid(hook, url, changed(hook.body)),
  refused,
  also: {
    queued: message.status === 'queued' && message.errorCode === null,
    created: message.dateCreated instanceof Date && !Number.isNaN(message.dateCreated.getTime()),
    fetched: fetched.sid === message.sid && fetched.status === 'delivered' && fetched.to === phone,
    status: valid(status, statusCallback, status.body) && params(status.body).MessageSid === message.sid,
  },
});

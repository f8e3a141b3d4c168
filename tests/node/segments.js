// What Twilio's own calculator says: a JSON list of texts in, a JSON list of [encoding, units, segments] out.
const { readFileSync, writeFileSync } = require("node:fs");
const { SegmentedMessage } = require("sms-segments-calculator");

const texts = JSON.parse(readFileSync(0, "utf8"));
const counts = texts.map((text) => {
  const message = new SegmentedMessage(text);
  const bits = message.encodingName === "GSM-7" ? 7 : 16;
  return [message.encodingName, message.messageSize / bits, message.segmentsCount];
});
writeFileSync(1, JSON.stringify(counts));

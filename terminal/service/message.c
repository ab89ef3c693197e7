/* SPDX-License-Identifier: Apache-2.0 */
/* message: see message.h. */
#include "service/message.h"

static const char *const words[N_MESSAGE_WORDS] = {
	[MESSAGE_LOOK] = "look", [MESSAGE_SESSION] = "session", [MESSAGE_KEEP] = "keep",
	[MESSAGE_LOCK] = "lock", [MESSAGE_STATUS] = "status",   [MESSAGE_OK] = "ok",
	[MESSAGE_NONE] = "none", [MESSAGE_NO] = "no",
};

int
message_encode(size_t *n, uint8_t out[static MESSAGE_BYTES_MAX], const struct message *m,
	       struct err *err)
{
	size_t word = strlen(words[m->word]);

	if (m->body.n > MESSAGE_BYTES_MAX - word - 1)
		return err_set(err, ERR_LIMIT, "a message to or from the service is too long");
	memcpy(out, words[m->word], word);
	out[word] = '\n';
	if (m->body.n)
		memcpy(out + word + 1, m->body.p, m->body.n);
	*n = word + 1 + m->body.n;
	return 0;
}

int
message_decode(struct message *out, struct span bytes, struct err *err)
{
	const uint8_t *end = bytes.n ? memchr(bytes.p, '\n', bytes.n) : NULL;
	struct span word = span_of(bytes.p, end ? (size_t)(end - bytes.p) : 0);

	for (int i = 0; end && i < N_MESSAGE_WORDS; i++)
		if (span_equal(word, span_str(words[i]))) {
			out->word = (enum message_word)i;
			out->body = span_skip(bytes, word.n + 1);
			return 0;
		}
	return err_set(err, ERR_FORMAT, "this is no message to or from the service");
}

/* SPDX-License-Identifier: Apache-2.0 */
/* trust: see trust.h. */
#include "cli/trust.h"

#include "base/bytes.h"
#include "cli/ask.h"
#include "cli/cli.h"
#include "remote/remote.h"

int
trust_server(struct cli *cli, struct err *err)
{
	uint8_t spki[REMOTE_PIN_BYTES];
	char digits[2 * REMOTE_PIN_BYTES + 1];
	char question[512];
	int rc = remote_see(cli->remote, spki, err);

	if (rc <= 0)
		return rc;
	hex_encode(digits, SPAN_ARRAY(spki));
	snprintf(question, sizeof question,
		 _("Nobody this terminal knows vouches for this server. Its key:\n    %s\nIs that "
		   "the key that the server's owner told you?"),
		 digits);
	if (cli->answer == ANSWER_YES)
		fprintf(stderr, _("The server's key: %s\n"), digits);
	rc = ask_yes_no(cli, question, err);
	if (rc < 0)
		return -1;
	if (rc == 0) {
		err_set(err, ERR_CANCELLED, "the server was not trusted; nothing was sent to it");
		return err_hint(err, "ask its owner for a URL with #pin=…");
	}
	remote_pin(cli->remote, spki);
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* options: see options.h. */
#include "options.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "base/when.h"
#include "upkeep/message.h"

enum option_id {
	OPTION_DATA = 256,
	OPTION_DB,
	OPTION_BLOBS,
	OPTION_JSON,
	OPTION_LANG,
	OPTION_HELP,
	OPTION_VERSION,
	OPTION_LISTEN,
	OPTION_URL,
	OPTION_TLS_CERT,
	OPTION_TLS_KEY,
	OPTION_PLAIN_HTTP,
	OPTION_MIN_FREE,
	OPTION_TIDY_EVERY,
	OPTION_METRICS,
	OPTION_LOG,
	OPTION_MAIL_SERVER,
	OPTION_MAIL_FROM,
	OPTION_MAIL_LOGIN,
	OPTION_ALARM_CA,
	OPTION_PRIVATE_WEBHOOKS,
	OPTION_IDLE,
	OPTION_VALID,
	OPTION_MAIL,
	OPTION_WEBHOOK,
	OPTION_QUOTA,
	OPTION_SUSPEND,
	OPTION_RESUME,
	OPTION_REMOVE,
	OPTION_ALL,
};

static const struct option long_options[] = {
	{ "data", required_argument, NULL, OPTION_DATA },
	{ "db", required_argument, NULL, OPTION_DB },
	{ "blobs", required_argument, NULL, OPTION_BLOBS },
	{ "json", no_argument, NULL, OPTION_JSON },
	{ "lang", required_argument, NULL, OPTION_LANG },
	{ "help", no_argument, NULL, OPTION_HELP },
	{ "version", no_argument, NULL, OPTION_VERSION },
	{ "listen", required_argument, NULL, OPTION_LISTEN },
	{ "url", required_argument, NULL, OPTION_URL },
	{ "tls-cert", required_argument, NULL, OPTION_TLS_CERT },
	{ "tls-key", required_argument, NULL, OPTION_TLS_KEY },
	{ "plain-http", no_argument, NULL, OPTION_PLAIN_HTTP },
	{ "min-free", required_argument, NULL, OPTION_MIN_FREE },
	{ "tidy-every", required_argument, NULL, OPTION_TIDY_EVERY },
	{ "idle", required_argument, NULL, OPTION_IDLE },
	{ "quota", required_argument, NULL, OPTION_QUOTA },
	{ "valid", required_argument, NULL, OPTION_VALID },
	{ "metrics", required_argument, NULL, OPTION_METRICS },
	{ "log", required_argument, NULL, OPTION_LOG },
	{ "mail-server", required_argument, NULL, OPTION_MAIL_SERVER },
	{ "mail-from", required_argument, NULL, OPTION_MAIL_FROM },
	{ "mail-login", required_argument, NULL, OPTION_MAIL_LOGIN },
	{ "alarm-ca", required_argument, NULL, OPTION_ALARM_CA },
	{ "private-webhooks", no_argument, NULL, OPTION_PRIVATE_WEBHOOKS },
	{ "mail", required_argument, NULL, OPTION_MAIL },
	{ "webhook", required_argument, NULL, OPTION_WEBHOOK },
	{ "suspend", required_argument, NULL, OPTION_SUSPEND },
	{ "resume", required_argument, NULL, OPTION_RESUME },
	{ "remove", no_argument, NULL, OPTION_REMOVE },
	{ "all", no_argument, NULL, OPTION_ALL },
	{ NULL, 0, NULL, 0 },
};

/* The commands, the first and last of the options that are theirs alone, and whether they take an
 * argument. */
static const struct {
	const char *name;
	enum command command;
	int first, last;
	const char *argument;
} commands[] = {
	{ "serve", COMMAND_SERVE, OPTION_LISTEN, OPTION_IDLE, NULL },
	{ "invite", COMMAND_INVITE, OPTION_VALID, OPTION_QUOTA, NULL },
	{ "accounts", COMMAND_ACCOUNTS, 0, 0, NULL },
	{ "usage", COMMAND_USAGE, 0, 0, NULL },
	{ "devices", COMMAND_DEVICES, 0, 0, N_("ACCOUNT") },
	{ "account", COMMAND_ACCOUNT, OPTION_MAIL, OPTION_REMOVE, N_("ACCOUNT") },
	{ "check", COMMAND_CHECK, OPTION_ALL, OPTION_ALL, NULL },
	{ "tidy", COMMAND_TIDY, 0, 0, NULL },
	{ "snapshot", COMMAND_SNAPSHOT, 0, 0, N_("DIR") },
};

static int
usage_hint(struct err *err)
{
	return err_hint(err, "cloudboxd --help shows how it is called");
}

int
size_parse(uint64_t *bytes, const char *text, struct err *err)
{
	static const char units[] = "KMGT";
	char *end;

	errno = 0;
	unsigned long long n = strtoull(text, &end, 10);
	const char *unit = *end ? strchr(units, *end & ~0x20) : NULL;
	unsigned shift = unit ? 10 * (unsigned)(unit - units + 1) : 0;

	if (errno || end == text || *text == '-' || (*end && (!unit || end[1])) ||
	    n > (uint64_t)INT64_MAX >> shift) {
		err_set(err, ERR_USAGE, "%s is no size", text);
		return err_hint(err, "write 500M or 10G");
	}
	*bytes = (uint64_t)n << shift;
	return 0;
}

static int
time_parse(int64_t *ms, const char *text, struct err *err)
{
	if (duration_parse(ms, span_str(text), err) == 0)
		return 0;
	err->code = ERR_USAGE;
	return -1;
}

static int
take_option(struct options *o, int id, struct err *err)
{
	switch ((enum option_id)id) {
	case OPTION_DATA:
		o->installation.data = optarg;
		return 0;
	case OPTION_DB:
		o->installation.db = optarg;
		return 0;
	case OPTION_BLOBS:
		o->installation.blobs = optarg;
		return 0;
	case OPTION_JSON:
		o->json = true;
		return 0;
	case OPTION_LANG:
		o->lang = optarg;
		return 0;
	case OPTION_HELP:
		o->command = COMMAND_HELP;
		return 0;
	case OPTION_VERSION:
		o->command = COMMAND_VERSION;
		return 0;
	case OPTION_LISTEN:
		o->listen = optarg;
		return 0;
	case OPTION_URL:
		o->url = optarg;
		return 0;
	case OPTION_TLS_CERT:
		o->tls_cert = optarg;
		return 0;
	case OPTION_TLS_KEY:
		o->tls_key = optarg;
		return 0;
	case OPTION_PLAIN_HTTP:
		o->plain_http = true;
		return 0;
	case OPTION_MIN_FREE:
		return size_parse(&o->min_free_bytes, optarg, err);
	case OPTION_TIDY_EVERY:
		return time_parse(&o->tidy_ms, optarg, err);
	case OPTION_IDLE:
		return time_parse(&o->idle_ms, optarg, err);
	case OPTION_QUOTA:
		o->has_quota = true;
		return size_parse(&o->quota_bytes, optarg, err);
	case OPTION_VALID:
		return time_parse(&o->valid_ms, optarg, err);
	case OPTION_METRICS:
		o->metrics = optarg;
		return 0;
	case OPTION_LOG:
		o->log_json = !strcmp(optarg, "json");
		return o->log_json || !strcmp(optarg, "text")
			       ? 0
			       : err_set(err, ERR_USAGE, "--log takes text or json");
	case OPTION_MAIL_SERVER:
		o->post.mail_server = optarg;
		return 0;
	case OPTION_MAIL_FROM:
		o->post.mail_from = optarg;
		return 0;
	case OPTION_MAIL_LOGIN:
		o->post.mail_login_file = optarg;
		return 0;
	case OPTION_ALARM_CA:
		o->post.ca_file = optarg;
		return 0;
	case OPTION_PRIVATE_WEBHOOKS:
		o->post.private_webhooks = true;
		return 0;
	case OPTION_MAIL:
		o->mail = optarg;
		return *optarg ? mail_address_check(optarg, err) : 0;
	case OPTION_WEBHOOK:
		o->webhook = optarg;
		return *optarg ? webhook_check(optarg, err) : 0;
	case OPTION_SUSPEND:
		o->suspend = optarg;
		return 0;
	case OPTION_RESUME:
		o->resume = optarg;
		return 0;
	case OPTION_REMOVE:
		o->remove = true;
		return 0;
	case OPTION_ALL:
		o->all = true;
		return 0;
	}
	return err_set(err, ERR_USAGE, "unknown option");
}

static const char *
option_name(int id)
{
	const struct option *l = long_options;

	while (l->name && l->val != id)
		l++;
	return l->name ? l->name : "?";
}

/* All options, wherever they stand.  @given: those that belong to one command. */
static int
take_options(struct options *o, int argc, char **argv, uint64_t *given, struct err *err)
{
	int id;

	opterr = 0;
	optind = 0; /* GNU: begin anew */
	while ((id = getopt_long(argc, argv, ":", long_options, NULL)) != -1) {
		if (id == ':') {
			err_set(err, ERR_USAGE, "%s needs a value", argv[optind - 1]);
			return usage_hint(err);
		}
		if (id == '?') {
			err_set(err, ERR_USAGE, "unknown option %s", argv[optind - 1]);
			return usage_hint(err);
		}
		if (take_option(o, id, err) < 0)
			return -1;
		if (id >= OPTION_LISTEN)
			*given |= UINT64_C(1) << (id - OPTION_LISTEN);
	}
	return 0;
}

static int
check_options_of(size_t command, uint64_t given, struct err *err)
{
	for (int id = OPTION_LISTEN; id <= OPTION_ALL; id++) {
		bool own = id >= commands[command].first && id <= commands[command].last;
		if (own || !(given & UINT64_C(1) << (id - OPTION_LISTEN)))
			continue;
		err_set(err, ERR_USAGE, "%s takes no --%s", commands[command].name,
			option_name(id));
		return usage_hint(err);
	}
	return 0;
}

static int
take_command(struct options *o, int argc, char **argv, uint64_t given, struct err *err)
{
	size_t i = 0, n = sizeof commands / sizeof commands[0];

	if (optind == argc) {
		err_set(err, ERR_USAGE, "no command given");
		return usage_hint(err);
	}
	o->name = argv[optind++];
	while (i < n && strcmp(o->name, commands[i].name) != 0)
		i++;
	if (i == n) {
		err_set(err, ERR_USAGE, "unknown command %s", o->name);
		return usage_hint(err);
	}
	o->command = commands[i].command;
	if (commands[i].argument && optind < argc)
		o->argument = argv[optind++];
	else if (commands[i].argument)
		return err_set(err, ERR_USAGE, "%s needs %s", o->name, _(commands[i].argument));
	if (optind < argc)
		return err_set(err, ERR_USAGE, "%s does not take %s", o->name, argv[optind]);
	return check_options_of(i, given, err);
}

static int
check_serve(const struct options *o, struct err *err)
{
	if (!o->tls_cert != !o->tls_key)
		return err_set(err, ERR_USAGE, "--tls-cert and --tls-key go together");
	if (o->plain_http && o->tls_key)
		return err_set(err, ERR_USAGE, "--plain-http has no use for a certificate");
	if (o->url && strncmp(o->url, "https://", 8) != 0 && strncmp(o->url, "http://", 7) != 0)
		return err_set(err, ERR_USAGE, "--url begins with https://");
	if (o->url && strlen(o->url) >= INSTALLATION_URL_MAX)
		return err_set(err, ERR_USAGE, "--url is too long");
	if (o->idle_ms < 1000)
		return err_set(err, ERR_USAGE, "--idle is one second at least");
	if (o->tidy_ms && o->tidy_ms < 1000)
		return err_set(err, ERR_USAGE, "--tidy-every is one second at least");
	return post_check(&o->post, err);
}

int
options_parse(struct options *o, int argc, char **argv, struct err *err)
{
	uint64_t given = 0;

	*o = (struct options){
		.command = COMMAND_SERVE,
		.listen = "127.0.0.1:8467",
		.min_free_bytes = UINT64_MAX,
		.idle_ms = 60 * 1000,
		.quota_bytes = UINT64_C(10) << 30,
		.valid_ms = 24 * 3600 * 1000,
	};
	if (take_options(o, argc, argv, &given, err) < 0) {
		/* One that stands behind the mistake tells how to report it. */
		for (int i = optind; i < argc && strcmp(argv[i], "--") != 0; i++)
			o->json |= !strcmp(argv[i], "--json");
		return -1;
	}
	if (o->command == COMMAND_HELP || o->command == COMMAND_VERSION)
		return 0;
	if (take_command(o, argc, argv, given, err) < 0)
		return -1;
	o->installation.make = o->command == COMMAND_SERVE || o->command == COMMAND_INVITE;
	return check_serve(o, err);
}

const char *
options_help(void)
{
	return _(
		"cloudboxd keeps what cloudbox backs up, and can read none of it.\n"
		"\n"
		"  cloudboxd serve [--listen HOST:PORT] [--url URL]\n"
		"                  [--tls-cert FILE --tls-key FILE | --plain-http]\n"
		"                  [--min-free SIZE] [--idle TIME] [--tidy-every TIME]\n"
		"                  [--metrics HOST:PORT] [--log text|json]\n"
		"                  [--mail-server URL --mail-from ADDRESS [--mail-login FILE]]\n"
		"                  [--alarm-ca FILE] [--private-webhooks]\n"
		"  cloudboxd invite [--quota SIZE] [--valid TIME]   an invitation for a new "
		"account\n"
		"          [--mail ADDRESS] [--webhook URL]\n"
		"  cloudboxd accounts                               all accounts\n"
		"  cloudboxd account ACCOUNT [--quota SIZE]         one of them; changes its "
		"quota,\n"
		"          [--suspend DEVICE|--all] [--resume DEVICE|--all] [--remove]\n"
		"          [--mail ADDRESS] [--webhook URL]         suspends it or a device, or "
		"removes it,\n"
		"                                                   says who is told of its "
		"alarms\n"
		"  cloudboxd devices ACCOUNT                        the devices of one\n"
		"  cloudboxd usage                                  what is stored, and what is "
		"free\n"
		"  cloudboxd check [--all]                          read everything stored again\n"
		"  cloudboxd tidy                                   clear away what is kept no "
		"longer\n"
		"  cloudboxd snapshot DIR                           a consistent copy, also of a "
		"running server\n"
		"\n"
		"Everywhere: --data DIR  --db URL  --blobs URL  --json  --lang LANG  --help  "
		"--version\n"
		"\n"
		"  --listen HOST:PORT  127.0.0.1:8467 by default; port 0 takes a free one\n"
		"  --url URL           the address that invitations name\n"
		"  --plain-http        no TLS; on loopback addresses only\n"
		"  --min-free SIZE     refuse uploads below this much free disk\n"
		"                      (5 percent of it or 2G, whichever is more)\n"
		"  --idle TIME         close connections that are silent so long (60s)\n"
		"  --tidy-every TIME   clear away what is kept no longer so often (6h)\n"
		"  --metrics HOST:PORT numbers for Prometheus at /metrics, on loopback only\n"
		"  --log text|json     how the journal is written\n"
		"  --mail-server URL   smtps://HOST:PORT or smtp://HOST:PORT (STARTTLS): alarms go "
		"by mail\n"
		"  --mail-from ADDRESS whom they come from\n"
		"  --mail-login FILE   name and password for it, a line each\n"
		"  --alarm-ca FILE     trust these certificates for mail and webhooks, not the "
		"system's\n"
		"  --private-webhooks  also to addresses of this machine and its network\n"
		"  --quota SIZE        what the account may store (10G)\n"
		"  --valid TIME        how long the invitation can be used (24h)\n"
		"  --mail, --webhook   who is told of the account's alarms; \"\" for nobody\n");
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sms_xml: messages and calls, as a folder of .xml files of "SMS Backup & Restore" and its like, or as one
 * such file.  A file may hold both: each of the two apps sees its own elements and leaves the other's.
 */
#include <string.h>

#include "apps/text_app.h"

static bool
is_name(const char *name)
{
	const char *dot = strrchr(name, '.');

	return dot && strcasecmp(dot, ".xml") == 0;
}

#define EMPTY(root)                                                                                \
	"<?xml version='1.0' encoding='UTF-8' standalone='yes' ?>\n<" root " count=\"0\">\n"       \
	"</" root ">\n"

static const struct text_root smses = { "smses", "<smses>", sms_xml_survey, EMPTY("smses") };
static const struct text_root call_log = { "calls", "<calls>", sms_xml_survey, EMPTY("calls") };

static const struct text_kind messages = {
	.wants = is_name,
	.split = sms_xml_split_messages,
	.root = &smses,
	.new_file = "messages.xml",
};

static const struct text_kind calls = {
	.wants = is_name,
	.split = sms_xml_split_calls,
	.root = &call_log,
	.new_file = "calls.xml",
};

#define OVER_TEXT_FILES                                                                            \
	.open = folder_session_open, .close = text_app_close, .sources = text_app_sources,         \
	.stamp = folder_session_stamp, .tidy = folder_session_tidy,                                \
	.read_source = text_app_read_source, .type = text_app_type,                                \
	.open_item = text_app_open_item, .apply = text_app_apply, .home = text_app_home,           \
	.rewrite = text_app_rewrite

extern const struct adapter adapter_sms_xml, adapter_calls_xml;

const struct adapter adapter_sms_xml = {
	.name = "sms-xml", .form = &form_message, .text = &messages, OVER_TEXT_FILES
};

const struct adapter adapter_calls_xml = {
	.name = "calls-xml", .form = &form_call, .text = &calls, OVER_TEXT_FILES
};

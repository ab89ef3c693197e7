# SPDX-License-Identifier: Apache-2.0
"""What a file of SMS Backup & Restore must be for that app to take it."""
import xml.etree.ElementTree as ET

# What sms.xsd and calls.xsd of SMS Backup & Restore's makers require of an element.
REQUIRED = {
    "sms": "protocol address date type subject body toa sc_toa service_center read status locked",
    "mms": "date rr sub ct_t read_status seen msg_box address sub_cs resp_st retr_st d_tm text_only exp locked m_id "
           "st retr_txt_cs retr_txt date_sent read m_size rpt_a ct_cls pri tr_id resp_txt ct_l m_cls d_rpt v m_type",
    "part": "seq ct name chset cd fn cid cl ctt_s ctt_t text",
    "addr": "address type charset",
    "call": "number duration date type presentation",
}


def elements(path, root="smses"):
    """The elements of a file, which any XML parser reads, whose count is right and which lack nothing."""
    tree = ET.fromstring(path.read_text())
    assert tree.tag == root and int(tree.get("count")) == len(tree)
    for one in tree.iter():
        missing = set(REQUIRED.get(one.tag, "").split()) - set(one.keys())
        assert not missing, (one.tag, missing)
    dates = [int(one.get("date")) for one in tree]
    assert dates == sorted(dates)
    return tree

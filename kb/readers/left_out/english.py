"""English words that give away what is not the article; `words` says what each kind is."""

from kb.readers.left_out.words import Words, phrases

ENGLISH = Words(
    strong_calls=phrases(
        """
        (subscribe to|sign up for|join|download|get|grab|read|try) our
        (contact|call|email|message|follow) us
        (get in touch|talk|speak) (with|to) (us|our*|brand); reach out to (us|our*|brand); follow (our|brand)
        (schedule|book|request) … (with us|with our*|demo|consultation|quote)
        share this (article|post); (leave|drop) … comment*
        (liked|enjoyed|found|like|enjoy) this (article|post)
        """
    ),
    calls=phrases(
        """
        subscribe*; sign up; download; learn more; find out more; register now; book (a|your)
        click (here|below); get (started|a quote|your free); request (a|your); order now; buy now; start your
        """
    ),
    weak_calls=phrases("get in touch; contact (sales|our*)"),
    brand_offers=phrases("brand … (offers|provides|can help|helps you|is ready|will help|delivers)"),
    offers=phrases(
        """
        (we|our (team|experts|specialists|consultants)) (can|will|would) (help|love|show|train|call)
        (we|our (team|experts|specialists|consultants)) (help|are (ready|here)|is (ready|here)); let us help
        """
    ),
    weak_offers=phrases("we offer; we provide"),
    pitches=phrases(
        """
        (want|looking) (to|for); ready to (get|take|start|improve|transform|train|try)
        need (help|more|a); interested in
        if you (want|need|are looking|would like); (any|have|still have) questions; would you like
        """
    ),
    publisher=phrases("us; our; ours"),
    reader=phrases("you; your; yours"),
    lures=phrases(
        """
        free; discount*; webinar*; newsletter*; e-book*; ebook*; checklist*; demo; consultation*
        expert*; right now
        limited; bonus*; tips; quote; training
        """
    ),
    channels=phrases("link (below|in); on social media; our (channel|website|page|blog); form below"),
    mentions=phrases(
        """
        say; says; said; ask; asks; phrase; phrases; sign; script; words; competitor*; your own
        """
    ),
    buttons=phrases(
        """
        button; form; banner; widget; input; placeholder; image; video; embed; cta; advertisement
        """
    ),
    courses=phrases("(course|workshop|training) “…”; (participants|attendees|you) will learn; enrol* now"),
    contacts=phrases("call; enrol*; book; contact*; phone"),
    read_also=phrases(
        """
        read (also|more|next); see also; related (posts|articles|reading|stories|content)
        you (may|might) also (like|enjoy); recommended (reading|posts|articles|for you)
        more (articles|posts|from this author|like this); (popular|latest|best) (posts|articles)
        (previous|next) (post|article); share this; share this (article|post)
        """
    ),
    disclaimers=phrases(
        """
        disclaimer; legal notice; copyright; all rights reserved; this (article|content|material) is
        """
    ),
    disclaiming=phrases(
        """
        informational purposes; general information; no (liability|responsibility); rights reserved
        reproduc*; liable
        not … (legal|financial|professional|constitute) advice; without … permission
        """
    ),
    about_author=phrases("about the author*; about (us|the company); author"),
    credits=phrases("editor; edited by; photo; photos; photo by; illustrations; translated by; translation"),
    organisations=phrases(
        """
        blog; expert*; team; editor*; company; magazine; inc; ltd; llc; gmbh; official; the; staff
        group; agency
        """
    ),
)

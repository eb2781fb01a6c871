"""What gives away that a sentence is not the article but something put around it: words, by language.

The entries are phrases in small letters. `*` stands for the rest of a word, ` … ` for up to four
words (in Chinese `…` for up to eight characters), `(a|b)` for either, `brand` for a name of the
publisher. Phrases of the first group are only evidence; `kb.readers.left_out.calls` weighs it.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Words:
    """The words of one language.

    Evidence in a sentence:

    strong_calls   ask the reader to turn to the publisher, and can hardly mean anything else
    calls          ask for the same things, but an article about service may say them too
    brand_offers   a publisher, by name, praises what it does for its customers
    offers         "we" will do something; an offer if it is for "you"
    weak_offers    "we offer": an offer if it stands beside another
    pitches        questions and conditions that open an offer
    publisher      the publisher speaks of itself
    reader         the reader is addressed
    lures          what is promised, and the hurry it is promised in
    channels       where to turn: a link, a channel, a code to scan
    mentions       words or deeds of others are told of; this speaks against an advertisement

    Whole lines and boxes:

    buttons        what a placeholder in square brackets stands for
    courses        what an advertisement for a course says of it
    contacts       what a line of contacts below an advertisement has
    read_also      headings of lists of other articles
    disclaimers    how a disclaimer or copyright notice begins
    disclaiming    what it says
    about_author   headings of notes about the author
    organisations  nouns that make an author or publisher an organisation and are not its name
    """

    strong_calls: tuple[str, ...]
    calls: tuple[str, ...]
    brand_offers: tuple[str, ...]
    offers: tuple[str, ...]
    weak_offers: tuple[str, ...]
    pitches: tuple[str, ...]
    publisher: tuple[str, ...]
    reader: tuple[str, ...]
    lures: tuple[str, ...]
    channels: tuple[str, ...]
    mentions: tuple[str, ...]
    buttons: tuple[str, ...]
    courses: tuple[str, ...]
    contacts: tuple[str, ...]
    read_also: tuple[str, ...]
    disclaimers: tuple[str, ...]
    disclaiming: tuple[str, ...]
    about_author: tuple[str, ...]
    organisations: tuple[str, ...]


# fmt: off
RUSSIAN = Words(
    strong_calls=(
        "(подпишитесь|подписывайтесь|подпишись) на (наш*|мой|мою|нас)",
        "(скачайте|скачать|загрузите|получите|возьмите) (наш*|мой|мою)",
        "(свяжитесь|связывайтесь|связаться) с (нами|наш*|brand)",
        "(обращайтесь|обратитесь|обратиться|приходите|звоните|пишите) (к|в) (нам|наш*|brand)",
        "(позвоните|звоните|напишите|пишите) (нам|мне)",
        "(обсудите|обсудим|обсудить) … с (наш*|нами|экспертами brand|командой brand|специалистами brand|brand)",
        "задайте … (нам|наш* эксперт*|наш* специалист*|наш* консультант*)",
        "(запишитесь|записывайтесь|зарегистрируйтесь|регистрируйтесь) на (наш*|мой|мою)",
        "(закажите|заказывайте|заказать) … (у нас|наш*|в brand|у brand)",
        "оставьте … (и|—|–|-) … (перезвон*|свяж*|позвон*|отправ*|вышл*|подбер*)",
        "(следите|читайте|смотрите) … (в наш*|на наш*|за нами|за наш*|нас в)",
        "(присоединяйтесь|вступайте) … (к нам|к наш*|в наш*)",
        "(узнайте|узнать|смотрите|читайте) … (на|у) (нашем сайте|наш* сайт*|сайте brand)",
        "приглашаем … (на|в|к) (наш*)",
        "(доверьте|поручите) … (нам|brand|наш*)",
        "(ждём|ждем) вас",
        "(поделитесь|делитесь) … (с друзьями|в соцсетях|в социальных сетях|статьей|статьёй)",
        "(пишите|напишите|расскажите|оставляйте|оставьте|делитесь|поделитесь) … в комментариях",
        "(ставьте|поставьте) лайк*",
    ),
    calls=(
        "(подпишитесь|подписывайтесь|подпишись)",
        "(скачайте|скачать|скачивайте|загрузите)",
        "давайте обсудим",
        "обсудить … (проект|задачу|задачи)",
        "обсудите … (задачу|проект|задачи)",
        "оставьте … (заявку|контакт*|номер|телефон|почту|e-mail|email|адрес)",
        "(отправьте|отправить|оставить) заявку",
        "заполните … (форму|анкету|заявку)",
        "(закажите|заказать|заказывайте)",
        "(запишитесь|записаться|записывайтесь|запись) на",
        "(зарегистрируйтесь|регистрируйтесь|зарегистрироваться)",
        "(получите|получить) … (консультаци*|предложение|расчёт|расчет|доступ|чек-лист|чеклист|гайд|скидк*|подарок|презентаци*)",
        "(узнайте|узнать) … (больше|подробнее|подробности|цену|стоимость)",
        "(больше|другие) (статей|статьи|материалов|материалы|полезного|информации|новостей) … (в|на)",
        "подробнее (на|о|об|по)",
        "(переходите|перейдите) (по ссылке|на сайт|на страницу)",
        "(присоединяйтесь|вступайте|приглашаем)",
        "(нажмите|жмите|кликните) (на|по) (кнопку|кнопке|ссылку|ссылке)",
        "(позвоните|звоните|пишите)",
        "попробуйте бесплатно",
    ),
    brand_offers=(
        "brand … (предлагает|предоставляет|оказывает|обеспечивает|поможет|помогает|возьмёт|возьмет|проведёт|проведет|подберёт|подберет|организует|готова|готов|готовы|к вашим услугам)",
        "(в|у) brand вы (получите|найдёте|найдете|сможете|можете|получаете)",
    ),
    offers=(
        "(мы|наша команда) … (поможем|поможет|помогаем|проведём|проведем|подберём|подберем|разработаем|возьмём|возьмем|организуем|обучим|перезвоним|свяжемся|рассчитаем|готовы помочь)",
        "наш* (эксперт*|специалист*|консультант*|менеджер*) … (готов*|помог*|поможет|ответ*|подбер*|свяж*|перезвон*|проконсультиру*|расскаж*)",
        "(проведём|проведем|подберём|подберем|рассчитаем|разработаем|обучим) … (для вас|вам|вашего|вашей|под ваш*|персонал)",
        "с радостью (поможем|ответим|проконсультируем)",
    ),
    weak_offers=("мы предлагаем", "наша команда (предлагает|готова)", "в нашей (компании|студии|школе) вы"),
    pitches=(
        "(хотите|желаете|планируете|мечтаете) … (чтобы|узнать|получить|повысить|улучшить|внедрить|обучить|построить|увеличить|заказать|провести|научиться|больше)",
        "если вы (хотите|планируете|готовы|ищете|желаете)",
        "если вам (нужн*|необходим*|требуется)",
        "(нужна|нужен|нужны|требуется) … (помощь|консультация|аудит|тренинг|консультант)",
        "(остались|появились) вопросы",
        "(понравилась|была полезна|оказалась полезной) … (статья|материал)",
        "(статья|материал) … (понравилась|понравился|полезна|полезной|полезен)",
        "готовы (начать|поднять|вывести|перейти|изменить|улучшить|сделать|попробовать)",
    ),
    publisher=("наш", "наша", "наше", "наши", "нашу", "нашей", "нашего", "нашем", "нашим", "наших", "нашими", "нам", "нас", "нами"),
    reader=("вы", "вас", "вам", "вами", "ваш*"),
    lures=(
        "бесплатн*", "скидк*", "акция", "промокод*", "подарок", "бонус*", "консультаци*", "рассылк*", "вебинар*",
        "чек-лист*", "чеклист*", "гайд*", "заявк*", "эксперт*", "профессионал*", "инсайт*", "тренинг*",
        "прямо сейчас", "уже сегодня", "уже завтра", "сегодня же", "только до", "успейте", "не упустите",
        "официальн* сайт*", "под ключ",
    ),
    channels=(
        "по ссылке", "по ссылке ниже", "на сайте", "в соцсетях", "в социальных сетях", "telegram*", "телеграм*", "whatsapp*",
        "вотсап*", "в профиле", "наш* канал*", "на канал", "в (телеграм|telegram)-канал*", "на странице контактов",
    ),
    mentions=(
        "(фраза|фразой|фразу|фразы|словами|слова|слов|реплика|реплику|надпись|объявление|вывеска|скрипт*)",
        "(говорят|говорит|говорите|скажите|сказать|спросите|ответьте|звучит|пишут|услышит|слышит|написано)",
        "(конкурент|конкурента|конкуренты|конкурентов|конкурентам|сосед*|чуж*)",
    ),
    buttons=(
        "кнопка", "кнопки", "форма", "форму", "баннер", "виджет", "поле ввода", "ссылка на", "видео", "капча", "фото",
        "изображение", "картинка", "блок", "cta",
    ),
    courses=(
        "(курс*|тренинг*|программ*|вебинар*|семинар*|интенсив*|мастер-класс*) «…»", "участники (научатся|узнают|освоят|получат)",
        "(вы|слушатели) (научитесь|освоите|научатся|освоят)", "старт (курса|группы|потока)", "по итогам (курса|обучения)",
        "стоимость (участия|обучения|курса)",
    ),
    contacts=("запис*", "консультаци*", "телефон*", "менеджер курса", "заявк*"),
    read_also=(
        "(читайте|читать|смотрите|посмотрите) (также|ещё|еще|по теме|далее)", "(ещё|еще|интересное|статьи|материалы) по теме",
        "(похожие|другие|лучшие|популярные|полезные|рекомендуемые|рекомендованные|последние|свежие|новые|ещё|еще) (статьи|материалы|записи|публикации|новости|посты)",
        "рекомендуем (почитать|прочитать|также|к прочтению)", "популярное", "рекомендуем", "(вам )?(также )?(может|будет) (быть )?(интересно|полезно)",
        "вам (также )?может понравиться", "(предыдущая|следующая) (статья|запись|публикация)", "назад к (списку|статьям|блогу)",
        "поделиться( в соцсетях| статьёй| статьей)?",
    ),
    disclaimers=(
        "отказ от ответственности", "дисклеймер", "правовая информация", "все права защищены", "на правах рекламы",
        "копирование (материалов|информации)", "перепечатка материалов", "при (копировании|перепечатке|цитировании)",
        "(материал|статья|информация) (носит|не является|предоставлен*)",
    ),
    disclaiming=(
        "(информационный|ознакомительный|справочный) характер", "(публичной|публичная) офер*", "не нес* ответственности", "права защищены",
        "ссылк* … обязательн*", "активн* ссылк*", "письменного (разрешения|согласия)", "не является … (рекомендацией|консультацией)",
        "на правах рекламы", "запрещен*", "запрещён*", "правообладател*", "авторск* прав*",
    ),
    about_author=("об авторе", "об авторах", "автор статьи", "автор", "о компании", "о нас"),
    organisations=(
        "блог*", "эксперт*", "команда", "команды", "редакция", "компания", "журнал*", "портал", "издание", "сайт", "агентство",
        "студия", "отдел", "пресс-служба", "администрация", "автор*", "ооо", "ао", "ип", "официальный",
    ),
)

CHINESE = Words(
    strong_calls=(
        "欢迎…(联系|咨询|致电|来电|关注|加入|添加)…我们",
        "(请|可|立即|马上|欢迎)?(联系|咨询|关注|致电|添加|加入)我们",
        "(请|可|立即|马上|欢迎)(与|和|跟)我们联系",
        "(关注|搜索)…(我们的|本)(公众号|视频号|微信号)",
        "(长按|扫描|扫一扫|识别)…二维码…(关注|添加|加|领取|咨询|报名|联系|获取)",
        "(点赞|转发|收藏|在看|分享)[、，和及并]?(点赞|转发|收藏|在看|分享)",
        "(请|欢迎)…(点赞|转发|留言|评论)",
    ),
    calls=(
        "扫码(联系|添加|咨询|关注|报名|领取|加群|加入|进群|获取)", "扫一扫", "(长按|扫描|识别)…二维码",
        "添加(企业|老师|顾问|客服|助理|助教|小助手|课程顾问)…微信", "添加企业微信", "加(我|老师|客服|小编|顾问|助理)…微信",
        "(关注|搜索)…公众号", "(点击|戳)…(链接|按钮|阅读原文|下方|这里|此处|咨询|报名|下载|预约)",
        "填写…(信息|资料|表单|表格)", "(立即|马上|赶快|赶紧|现在就)(咨询|报名|预约|领取|下载|试用|联系|购买|订阅|注册|加入)",
        "免费(领取|试听|咨询|试用|下载|获取)", "(欢迎|请)…(联系|咨询|致电|来电|关注|报名|订阅)", "(拨打|致电)…(热线|电话)",
        "联系(我们|方式)", "(报名|咨询)(热线|电话|方式|微信)", "更多(精彩|内容|资讯|信息|课程|干货)",
    ),
    brand_offers=("brand…(为您|为你|助您|助你|帮助您|可为|致力于)",),
    offers=(
        "(为|给|与|和|跟)(您|你)(提供|定制|安排|解答|服务|沟通|联系|对接)", "我们(可以|将|会|能)?(帮助|帮|为|给|助)(您|你|贵)",
        "竭诚为(您|你)服务",
    ),
    weak_offers=("我们(提供|推出|开设|专注)", "匹配(老师|讲师|顾问|课程)", "(课程名称|联系电话|联系人|手机号|您的姓名|报名人)[:：]", "(合作|培训)咨询"),
    pitches=(
        "(想要|想|希望|需要)(了解|知道|获取|提升|获得|学习)…(吗|？|\\?)", "(想|需要)(了解|学习)更多", "(如果|若)(您|你)(想|需要|希望|有|对)",
        "如(需|有)…(了解|帮助|咨询|更多|需求|内训|培训|合作|疑问)", "(还在|是否|正)为…(发愁|烦恼|苦恼)", "觉得(有用|不错|有帮助)",
    ),
    publisher=("我们", "本站", "本公司", "我司", "本机构", "本平台"),
    reader=("您", "你", "贵公司", "贵司"),
    lures=(
        "免费", "优惠", "限时", "限量", "名额", "福利", "礼包", "资料包", "干货", "1v1", "一对一", "专属", "立即", "马上", "咨询", "领取",
        "课程", "报名", "内训", "获取", "专人", "早鸟", "顾问",
    ),
    channels=("热线", "企业微信", "公众号", "二维码", "扫码", "扫一扫", "阅读原文", "链接", "微信号", "客服微信", "视频号"),
    mentions=(
        "(让|请|帮|教|替|引导|提醒)(他|她|它|顾客|客户|客人|患者|病人|老人|住户|学员|会员)", "(员工|店员|客服|服务员|前台|护士)…(添加|扫描|填写|拨打|联系)",
        "(不要|不能|不得|切忌|禁止)", "(说|问|回答|告诉)(：|“|:)", "(话术|这句话|一句话|对话)",
    ),
    buttons=("按钮", "表单", "二维码", "输入框", "广告位", "广告", "横幅", "图片", "视频"),
    courses=(
        "《…》…(课程|培训|训练营|公开课|沙盘|工作坊)", "学员(将|可以|能够|能)", "(讲师|老师|主讲)…(将|带|授)", "(助力|帮助|助)企业",
        "通过…(案例|实战|演练|实操|互动)", "(课程|培训)(从|以|围绕|聚焦|结合)", "(掌握|学会|学习如何)",
    ),
    contacts=("咨询", "咨詢", "热线", "报名", "微信", "电话", "预约"),
    read_also=(
        "相关(阅读|文章|推荐|内容|资讯|链接|新闻)", "(推荐|延伸|扩展|拓展|更多)(阅读|文章|内容)", "猜你喜欢", "热门(文章|推荐|阅读)", "最新(文章|资讯|动态)",
        "精选(文章|推荐)", "往期(推荐|回顾|精选|文章)", "大家都在看", "看过本文的人还看了", "(上|下)一(篇|页)", "你可能(还|也)?(喜欢|感兴趣)", "点击阅读",
        "返回列表", "分享到",
    ),
    disclaimers=(
        "免责声明", "版权声明", "法律声明", "郑重声明", "特别声明", "声明", "版权所有", "转载请注明", "未经授权", "本文来源", "本站所", "本文(内容)?(来自|来源)",
    ),
    disclaiming=("版权", "侵权", "仅供", "本站", "不代表", "来源于网", "删除", "转载", "著作权", "责任", "网友"),
    about_author=("关于作者", "作者简介", "作者介绍", "关于我们", "公司简介"),
    organisations=("编辑部", "编辑", "小编", "有限公司", "公司", "团队", "平台", "机构", "研究院", "博客", "专家", "官方", "网$"),
)

ENGLISH = Words(
    strong_calls=(
        "(subscribe to|sign up for|join|download|get|grab|read) our", "(contact|call|email|message) us",
        "(get in touch|talk|speak) (with|to) (us|our*|brand)", "follow (us|brand)",
        "(schedule|book|request) … (with us|with our*|demo|consultation|quote)", "reach out to (us|our*|brand)",
        "(share this|share the) (article|post)", "(leave|drop) … comment*",
    ),
    calls=(
        "subscribe*", "sign up", "download", "get in touch", "learn more", "find out more", "register now", "book (a|your)",
        "click (here|below)", "get (started|a quote|your free)", "request (a|your)", "order now", "buy now", "contact (sales|our*)",
    ),
    brand_offers=("brand … (offers|provides|can help|helps you|is ready|will help|delivers)",),
    offers=(
        "(we|our (team|experts|specialists|consultants)) (can help|will help|help|would love|are ready|is ready|are here|can show|will show|train)",
        "let us help",
    ),
    weak_offers=("we offer", "we provide"),
    pitches=(
        "(want|looking) to", "ready to (get|take|start|improve|transform|train|try)", "need (help|more|a)", "if you (want|need|are looking|would like)", "(any|have|still have) questions",
        "would you like", "(liked|enjoyed|found) this (article|post)", "(like|enjoy) this (article|post)",
    ),
    publisher=("us", "our", "ours"),
    reader=("you", "your", "yours"),
    lures=(
        "free", "discount*", "webinar*", "newsletter*", "e-book*", "ebook*", "checklist*", "demo", "consultation*", "expert*", "right now",
        "limited", "bonus*", "tips",
    ),
    channels=("link (below|in)", "on social media", "our (channel|website|page|blog)", "below", "here"),
    mentions=("(say|says|said|ask|asks|phrase|phrases|sign|script|words)", "(competitor*|your own)"),
    buttons=("button", "form", "banner", "widget", "input", "placeholder", "image", "video", "embed", "cta", "advertisement"),
    courses=("(course|workshop|training) “…”", "(participants|attendees|you) will learn", "enrol* now"),
    contacts=("call", "enrol*", "book", "contact*", "phone"),
    read_also=(
        "read (also|more|next)", "see also", "related (posts|articles|reading|stories|content)", "you (may|might) also (like|enjoy)",
        "recommended (reading|posts|articles|for you)", "more (articles|posts|from this author|like this)", "(popular|latest|best) (posts|articles)",
        "(previous|next) (post|article)", "share this( article| post)?",
    ),
    disclaimers=("disclaimer", "legal notice", "copyright", "all rights reserved", "this (article|content|material) is"),
    disclaiming=(
        "informational purposes", "general information", "no (liability|responsibility)", "not … (legal|financial|professional|constitute) advice",
        "rights reserved", "reproduc*", "without … permission", "liable",
    ),
    about_author=("about the author*", "about (us|the company)", "author"),
    organisations=(
        "blog", "expert*", "team", "editor*", "company", "magazine", "inc", "ltd", "llc", "gmbh", "official", "the", "staff", "group", "agency",
    ),
)
# fmt: on

ALL = (RUSSIAN, CHINESE, ENGLISH)

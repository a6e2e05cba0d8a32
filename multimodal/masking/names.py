"""Surnames and places that personal data in Chinese texts begin with."""

from __future__ import annotations

SURNAMES = frozenset(
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘蒋蔡余杜叶程苏"
    "魏吕丁沈姚卢姜崔钟谭陆汪范廖石金韦贾夏付邹熊孟秦邱江尹薛闫段雷侯史陶黎贺顾毛郝龚邵万钱严"
    "覃武戴莫孔白汤康易樊施洪季岳章齐梅庄辛管祝左涂谷祁耿牟卜柯阮詹欧柴蓝鲍颜倪葛柳盛邢殷翁焦"
    "霍凌尤裘甘褚骆冉翟霞安常乔赖龙方温"
)
"""The common surnames of one character, but for those that are mostly other words (于, 和, 时)."""
COMPOUND = (
    "欧阳", "上官", "司马", "诸葛", "司徒", "东方", "皇甫", "尉迟", "公孙", "慕容", "令狐", "夏侯",
    "端木", "南宫", "独孤", "百里", "轩辕", "闻人", "长孙", "宇文",
)  # fmt: skip
NOT_IN_NAMES = frozenset(
    "你我他她它您咱谁的了吗呢吧啊呀哦嗯是在有和跟与要想不就也都这那么没被把给对从到去来说问买"
    "用打请让能会还又很过着得但因所以可号"
)
"""Characters that end a name: words that follow one in a sentence."""
NOT_NAMES = (
    "先生",
    "女士",
    "小姐",
    "太太",
    "经理",
    "老师",
    "师傅",
    "主任",
    "电话",
    "手机",
    "身份",
    "号码",
)
"""Words that follow a surname or a name and are no part of it."""

_PROVINCES = """
北京 天津 上海 重庆 河北 山西 辽宁 吉林 黑龙江 江苏 浙江 安徽 福建 江西 山东 河南 湖北 湖南
广东 海南 四川 贵州 云南 陕西 甘肃 青海 台湾 内蒙古 广西 西藏 宁夏 新疆 香港 澳门
"""
_CITIES = """
石家庄 唐山 秦皇岛 邯郸 邢台 保定 张家口 承德 沧州 廊坊 衡水 太原 大同 长治 晋城 临汾 运城
呼和浩特 包头 赤峰 沈阳 大连 鞍山 抚顺 锦州 营口 长春 吉林 四平 哈尔滨 齐齐哈尔 大庆 牡丹江
佳木斯 南京 无锡 徐州 常州 苏州 南通 连云港 淮安 盐城 扬州 镇江 泰州 宿迁 杭州 宁波 温州
嘉兴 湖州 绍兴 金华 衢州 舟山 台州 丽水 合肥 芜湖 蚌埠 淮南 马鞍山 安庆 黄山 滁州 阜阳 宿州
六安 亳州 福州 厦门 莆田 三明 泉州 漳州 南平 龙岩 宁德 南昌 景德镇 九江 赣州 吉安 宜春 上饶
济南 青岛 淄博 枣庄 东营 烟台 潍坊 济宁 泰安 威海 日照 临沂 德州 聊城 滨州 菏泽 郑州 开封
洛阳 平顶山 安阳 新乡 焦作 许昌 漯河 南阳 商丘 信阳 周口 驻马店 武汉 黄石 十堰 宜昌 襄阳
荆门 荆州 孝感 黄冈 长沙 株洲 湘潭 衡阳 邵阳 岳阳 常德 张家界 益阳 郴州 永州 怀化 娄底 广州
韶关 深圳 珠海 汕头 佛山 江门 湛江 茂名 肇庆 惠州 梅州 汕尾 河源 阳江 清远 东莞 中山 潮州
揭阳 云浮 南宁 柳州 桂林 梧州 北海 玉林 百色 海口 三亚 成都 自贡 攀枝花 泸州 德阳 绵阳 广元
遂宁 内江 乐山 南充 眉山 宜宾 广安 达州 雅安 巴中 资阳 贵阳 六盘水 遵义 安顺 毕节 昆明 曲靖
玉溪 保山 昭通 丽江 大理 拉萨 西安 铜川 宝鸡 咸阳 渭南 延安 汉中 榆林 安康 兰州 天水 西宁
银川 乌鲁木齐 喀什
"""
PROVINCES = tuple(_PROVINCES.split())
CITIES = tuple(_CITIES.split())
"""Prefecture-level cities: of an address, what stands first where the province is left out."""

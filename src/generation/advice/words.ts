/**
 * What the rules look for, by language. English patterns are matched without regard to case; a pattern ends where its words end.
 */

export type Language = 'ZH' | 'EN';

/** Simplified characters of these patterns with their traditional forms. */
const variants = new Map(
  '请請 帮幫 给給 为為 烦煩 劳勞 谢謝 绘繪 创創 设設 计計 画畫 张張 图圖 关關 内內 别別 极極 丽麗 优優 质質 级級 独獨 专專 业業 乐樂 风風 国國 笔筆 线線 动動 纸紙 写寫 侧側 阳陽 灯燈 烛燭 黄黃 时時 间間 里裡 边邊 从從 后後 远遠 处處 顶頂 飞飛 挂掛 悬懸 骑騎 游遊 无無 绝絕 对對 个個 摄攝 胶膠 蓝藍'
    .split(' ')
    .map((pair) => [...pair] as [string, string]),
);

/** The pattern, in either script. (No variant may stand in one of its character classes.) */
function either(pattern: RegExp): RegExp {
  const source = [...pattern.source].map((character) => {
    const other = variants.get(character);
    return other === undefined || other === character ? character : `[${character}${other}]`;
  });
  return new RegExp(source.join(''), pattern.flags);
}

/** What is said to a person, not to a model: at the beginning of a prompt or at its end. */
export const politeness: Readonly<Record<Language, RegExp>> = {
  ZH: either(
    /(?:请你?|麻烦你?|劳驾|拜托)(?:帮我|给我|为我|替我)?|帮我|(?:给|替)我(?=生成|画|做|来|绘)|(?:我(?:想要?|希望|需要)|能不能|可不可以|可以)(?:请?你?)(?:帮我|给我|看到)?|谢谢(?:你|您)?|感谢|辛苦了/gu,
  ),
  EN: /\b(?:please|kindly|thank(?:s| you)(?: (?:so|very) much| in advance)?|(?:can|could|would|will) you(?: please)?|i(?:'d| would) (?:like|love)(?: (?:you )?to(?: see)?)?|i (?:want|need)(?: you to| to see)?|(?:for|to) me(?=,|\.|!|$))\b/giu,
};

/** Orders to draw, which the model was never shown: its prompts say what is there. */
export const command: Readonly<Record<Language, RegExp>> = {
  ZH: either(
    /(?:生成|绘制|创作|制作|设计|画|做|来)(?!着|的|面)(?:出|上)?(?:一?(?:张|幅|个|副))?(?:关于)?(?:图片|图像|图|照片|画面|画)?(?:[，,:：]|是|内容为)?(?:的)?/uy,
  ),
  EN: /(?:generate|create|make|draw|paint|render|design|produce|give|show)(?: me)?(?: (?:an?|the|some))?(?: (?:image|picture|photo|illustration|drawing|painting)s?)?(?: (?:of|showing|with|that shows))?\b/iuy,
};

/** Praise that no image can show. */
export const judgement: Readonly<Record<Language, RegExp>> = {
  ZH: either(
    /(?:非常|特别|十分|超级?|很|极其|最|无比|绝对)?的?(?:漂亮|好看|美丽|精美|绝美|唯美|优美|完美|惊艳|震撼|杰作|大师级?|高质量|最佳质量|顶级|极致|高大上|有感觉|好玩|吸引人|令人惊叹|独一无二|专业级?|史诗级?)/gu,
  ),
  EN: /\b(?:(?:very|really|so|extremely|absolutely|most|incredibly) )?(?:beautiful|pretty|gorgeous|stunning|amazing|awesome|breathtaking|perfect|masterpieces?|best quality|high quality|top quality|award[- ]winning|incredible|wonderful|nice|great|cool|impressive|professional|epic|trending on \w+|8k|4k|uhd|ultra[- ]?hd|hd)\b/giu,
};

/**
 * What relates the subject to its surroundings: its style, its light, its place. Of each kind the first pattern that fits a clause
 * takes its part of it; what is left describes the subject. Each pattern says where it may begin, or is short: prompts may be long.
 */
export const relations: Readonly<Record<Language, readonly (readonly RegExp[])[]>> = {
  ZH: [
    [
      either(
        /^[^的]*(?:风格|质感|水墨画?|国画|油画|水彩画?|工笔画?|素描|线稿|像素画?|插画|版画|剪纸|浮世绘|手绘|蓝图|写实|动漫|卡通|胶片|摄影)(?:风格|风|质感)?$/u,
      ),
      either(
        /(?:以|用)?\p{Script=Han}{0,4}(?:风格|质感)|(?:水墨|国画|油画|水彩|工笔|素描|线稿|像素|浮世绘|剪纸|蓝图)(?:画|风)?/u,
      ),
    ],
    [
      either(
        /(?:在|(?<=^|[，的]))[^，在的]*(?:光照|照射|逆光|侧光|顶光|柔光|阳光|月光|灯光|烛光|霓虹灯?|晨光|夕照|光影|光线|黄金时刻)[^，的]*/u,
      ),
      either(/在?(?:夜晚|夜里|晚上|黄昏|清晨|正午)(?:时分)?/u),
    ],
    [
      either(/(?:坐落于|位于|置于|(?:放|站|坐|躺|停|挂|漂|飞|走|立|悬|靠|趴|蹲|游|骑)?在)(?!一起).+/u),
      either(/^(?:从左到右|从上到下)(?=是)|(?:从左到右|从上到下)?排成一排|(?:从左到右|从上到下)$/u),
      either(/^.*背景.*$|^(?:前景|远处|近处)/u),
      either(
        /^(?:画面)?(?:左边|右边|左侧|右侧|左上角|右上角|左下角|右下角|左上方|右上方|左下方|右下方|正中间|中间|中央|上方|下方|上面|下面|顶部|底部)(?=有|是|$)|^.+的?(?:左边|右边|左侧|右侧|上方|下方|上面|下面|旁边)(?=有)/u,
      ),
      either(/^.+(?:上|下|里|中|旁|前|后|边|之间)(?=的.)/u),
    ],
  ],
  EN: [
    [
      /\b(?:in the style of|in (?:the )?\w+ style)\b.*/iu,
      /^(?:an? )?(?:\w+ )?(?:photo(?:graph)?|sketch|illustration|cartoon|woodcut|oil painting|water ?colou?r(?: painting)?|ink (?:wash )?painting|line drawing|pixel art|3d render) of\b/iu,
      /^.*\b(?:style|pixel art|ink wash|ink painting|oil painting|water ?colou?r|sketch|line drawing|photo(?:graphy)?|film grain|illustration|anime|woodcut|paper cut|ukiyo-e|3d render|blueprint)$/iu,
    ],
    [
      /\b(?:(?:back|side|rim)[- ]?lit|lit (?:by|from)|under (?:\w+ )?light|in (?:\w+ )?(?:sun|moon|candle|lamp)?light|at (?:night|dawn|dusk|noon|sunset|sunrise))\b.*/iu,
      /^.*\b(?:light(?:ing)?|golden hour|sunlight|moonlight|candlelight|night time|shadows)$/iu,
    ],
    [
      /^.*\bbackground\b.*$/iu,
      /\b(?:from left to right|from top to bottom|side by side|in a row|cent(?:er|re)d)\b/iu,
      /^(?:on|at|in) the (?:left|right|top|bottom|upper|lower|middle|cent(?:er|re))(?: (?:left|right|side|corner|part|half))*(?: of the (?:image|picture))?$/iu,
      /\b(?:is )?(?:to the|on the|at the|in the|in front of|next to|on top of|inside|outside|above|below|under(?:neath)?|beneath|beside|behind|between|among|over|against|near|around|across|along|through|on|in|at|by)\b.*/iu,
    ],
  ],
};

/** Adjectives of English that stand before a noun, by their endings and by name. Chinese marks its own with 的. */
export const adjective =
  /^(?:big|large|huge|giant|small|little|tiny|tall|short|long|round|old|new|young|red|orange|yellow|green|blue|cyan|purple|violet|pink|brown|black|white|gr[ae]y|golden|silver|wooden|metal|glass|stone|bright|dark|pale|soft|fluffy|furry|shiny|wet|dry|broken|empty|full|open|closed|happy|sad|angry|sleeping|running|flying|two|three|four|five|\d+|\w+(?:ed|ing|ful|less|ous|ish|ic|y))$/iu;

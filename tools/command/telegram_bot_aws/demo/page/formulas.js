// Formulas: the LaTeX that answers use, as MathML. A formula with anything else is shown as its source.

import { h } from "./dom.js";

const words = (text) =>
  Object.assign(
    Object.create(null),
    Object.fromEntries(
      text
        .trim()
        .split(/\s+/)
        .map((pair) => pair.split(":")),
    ),
  );
const SYMBOLS =
  words(`alpha:α beta:β gamma:γ delta:δ epsilon:ϵ varepsilon:ε zeta:ζ eta:η theta:θ vartheta:ϑ iota:ι kappa:κ lambda:λ mu:μ nu:ν xi:ξ pi:π rho:ρ
  sigma:σ tau:τ upsilon:υ phi:ϕ varphi:φ chi:χ psi:ψ omega:ω Gamma:Γ Delta:Δ Theta:Θ Lambda:Λ Xi:Ξ Pi:Π Sigma:Σ Phi:Φ Psi:Ψ Omega:Ω infty:∞ partial:∂ nabla:∇ hbar:ℏ
  ell:ℓ emptyset:∅ angle:∠ degree:° ldots:… dots:… cdots:⋯ vdots:⋮ prime:′`);
const OPERATORS =
  words(`times:× cdot:⋅ div:÷ pm:± mp:∓ ast:∗ circ:∘ le:≤ leq:≤ ge:≥ geq:≥ ne:≠ neq:≠ approx:≈ equiv:≡ sim:∼ propto:∝ ll:≪ gg:≫ to:→ rightarrow:→
  leftarrow:← Rightarrow:⇒ implies:⟹ iff:⟺ Leftrightarrow:⇔ leftrightarrow:↔ mapsto:↦ in:∈ notin:∉ ni:∋ subset:⊂ subseteq:⊆ supset:⊃ cup:∪ cap:∩ setminus:∖ land:∧
  wedge:∧ lor:∨ vee:∨ neg:¬ lnot:¬ forall:∀ exists:∃ oplus:⊕ otimes:⊗ perp:⊥ parallel:∥ mid:∣ langle:⟨ rangle:⟩ lfloor:⌊ rfloor:⌋ lceil:⌈ rceil:⌉ lvert:| rvert:|
  int:∫ iint:∬ oint:∮ sum:∑ prod:∏ {:{ }:} %:% $:$ &:& #:# _:_ |:‖`);
const NAMES =
  /^\\(a?(sin|cos|tan)h?|cot|sec|csc|log|ln|lg|exp|lim|max|min|sup|inf|det|gcd|arg|dim|ker|Pr|arcsin|arccos|arctan)$/;
const ACCENTS = words("hat:^ widehat:^ bar:¯ overline:¯ vec:→ tilde:~ dot:˙ ddot:¨");
const SPACES = { ",": 0.17, ":": 0.22, ";": 0.28, " ": 0.3, "!": 0, quad: 1, qquad: 2 };
const FENCES = {
  pmatrix: "()",
  bmatrix: "[]",
  vmatrix: "||",
  matrix: "  ",
  cases: "{ ",
  aligned: "  ",
  "align*": "  ",
  align: "  ",
};
const DOUBLE = words("R:ℝ N:ℕ Z:ℤ Q:ℚ C:ℂ P:ℙ E:𝔼");

export function formula(source, display) {
  try {
    return h(
      "math",
      { display: display ? "block" : null, title: source },
      new Reader(source).all(),
    );
  } catch {
    return h("code", {}, source);
  }
}

class Reader {
  constructor(source) {
    this.tokens = source.trim().match(/\\[A-Za-z]+\*?|\\[^]|\d+(?:[.,]\d+)*|\s+|[^]/gu) ?? [];
  }
  next() {
    const token = this.tokens.shift();
    if (token === undefined) throw new Error("it ends too soon");
    return token.trim() || token === "\\ " ? token : this.next();
  }
  peek() {
    while (this.tokens.length && !this.tokens[0].trim()) this.tokens.shift();
    return this.tokens[0];
  }
  all(...ends) {
    const parts = [];
    for (;;) {
      const token = this.peek();
      if (token === undefined ? !ends.length : ends.includes(token)) return h("mrow", {}, parts);
      parts.push(this.scripted());
    }
  }
  // What stands between braces, as it is written.
  word() {
    if (this.next() !== "{") throw new Error("it needs a brace");
    const end = this.tokens.indexOf("}");
    if (end < 0) throw new Error("it ends too soon");
    return this.tokens
      .splice(0, end + 1)
      .slice(0, -1)
      .join("");
  }
  scripted() {
    const token = this.peek(),
      base = "^_".includes(token) ? h("mrow") : this.part();
    let below = null,
      above = null;
    for (;;) {
      const mark = this.peek();
      if (mark === "_" && !below) {
        this.next();
        below = this.part();
      } else if (mark === "^" && !above) {
        this.next();
        above = this.part();
      } else if (mark === "'" && !above) {
        this.next();
        above = h("mo", {}, "′");
      } else break;
    }
    const limits = /^\\(sum|prod|lim|max|min)$/.test(token);
    if (below && above) return h(limits ? "munderover" : "msubsup", {}, base, below, above);
    return below
      ? h(limits ? "munder" : "msub", {}, base, below)
      : above
        ? h(limits ? "mover" : "msup", {}, base, above)
        : base;
  }
  part() {
    const token = this.next(),
      name = token.slice(1);
    if (token === "{") {
      const inside = this.all("}");
      this.next();
      return inside;
    }
    if (/^\d/.test(token)) return h("mn", {}, token);
    if (/^\p{L}$/u.test(token)) return h("mi", {}, token);
    if (token[0] !== "\\") {
      if ("{}&^_$#%".includes(token)) throw new Error(`${token} can't stand here`);
      return h(
        "mo",
        { stretchy: "()[]|".includes(token) ? "false" : null },
        token === "-" ? "−" : token,
      );
    }
    if (/^[dt]?frac$/.test(name)) return h("mfrac", {}, this.part(), this.part());
    if (name === "binom")
      return h(
        "mrow",
        {},
        h("mo", {}, "("),
        h("mfrac", { linethickness: "0" }, this.part(), this.part()),
        h("mo", {}, ")"),
      );
    if (name === "sqrt") {
      if (this.peek() !== "[") return h("msqrt", {}, this.part());
      this.next();
      const index = this.all("]");
      this.next();
      return h("mroot", {}, this.part(), index);
    }
    if (/^(text(bf|it|rm)?|mathrm|operatorname)$/.test(name))
      return h("mtext", {}, this.word().replaceAll(" ", "\u00a0"));
    if (name === "mathbb")
      return h(
        "mi",
        {},
        [...this.word()].map((letter) => DOUBLE[letter] ?? letter),
      );
    if (/^(math(bf|it|cal|sf)|boldsymbol)$/.test(name))
      return h("mrow", { style: /bf|bold/.test(name) ? "font-weight: bold" : null }, this.part());
    if (ACCENTS[name])
      return h(
        "mover",
        { accent: "true" },
        this.part(),
        h("mo", { stretchy: /^over|^wide/.test(name) ? null : "false" }, ACCENTS[name]),
      );
    if (/^([lr]ight|[bB]igg?[lr]?)$/.test(name)) {
      const fence = this.next();
      return fence === "."
        ? h("mrow")
        : h("mo", { stretchy: "true" }, OPERATORS[fence.slice(1)] ?? fence);
    }
    if (name === "begin") return this.rows(this.word());
    if (Object.hasOwn(SPACES, name)) return h("mspace", { width: `${SPACES[name]}em` });
    if (SYMBOLS[name]) return h("mi", {}, SYMBOLS[name]);
    if (OPERATORS[name]) return h("mo", {}, OPERATORS[name]);
    if (NAMES.test(token)) return h("mi", {}, name);
    throw new Error(`${token} isn't known`);
  }
  rows(name) {
    const [first, last] = FENCES[name],
      rows = [[]];
    for (;;) {
      rows.at(-1).push(h("mtd", {}, this.all("&", "\\\\", "\\end")));
      const end = this.next();
      if (end === "\\\\") rows.push([]);
      if (end === "\\end") break;
    }
    if (this.word() !== name) throw new Error("it ends elsewhere");
    return h(
      "mrow",
      {},
      h("mo", {}, first.trim()),
      h(
        "mtable",
        {},
        rows.map((row) => h("mtr", {}, row)),
      ),
      h("mo", {}, last.trim()),
    );
  }
}

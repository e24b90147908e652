/** Where the live lines go. */
export interface Screen {
  write(text: string): void;
  columns(): number;
  rows(): number;
}

/** A few lines at the bottom that are drawn again and again, with what is finished scrolling away above. */
export interface LiveLines {
  /** Puts lines above the live ones for good. */
  scroll(lines: readonly string[]): void;
  /** Replaces the live lines. */
  draw(lines: readonly LiveLine[]): void;
  /** Takes the live lines away. */
  clear(): void;
}

/** One live line: a painted mark, and plain text that is cut to the screen. */
export interface LiveLine {
  readonly mark: string;
  readonly text: string;
}

/**
 * Live lines by plain VT100: up, carriage return, clear to the end of the screen. A line that wrapped would be
 * two rows to go back over, so each is cut to the width, and never more are drawn than fit.
 */
export function liveLines(screen: Screen): LiveLines {
  let drawn = 0;
  let last: readonly LiveLine[] = [];

  const erase = () => (drawn === 0 ? '' : `\u001b[${drawn}A\r\u001b[0J`);
  const compose = (lines: readonly LiveLine[]) => {
    const room = Math.max(1, screen.rows() - 2);
    const fitting = lines.length > room ? lines.slice(0, room - 1) : lines;
    const width = Math.max(10, screen.columns() - 3);
    const more = lines.length - fitting.length;
    const texts = fitting.map(
      ({ mark, text }) => `${mark} ${text.length > width ? `${text.slice(0, width - 1)}…` : text}`,
    );
    if (more > 0) texts.push(`  … and ${more} more`);
    drawn = texts.length;
    return texts.map((text) => `${text}\n`).join('');
  };

  return {
    scroll: (lines) => {
      if (lines.length === 0) return;
      screen.write(erase() + lines.map((line) => `${line}\n`).join('') + compose(last));
    },
    draw: (lines) => {
      const before = erase();
      last = lines;
      const text = before + compose(lines);
      if (text !== '') screen.write(text);
    },
    clear: () => {
      if (drawn > 0) screen.write(erase());
      drawn = 0;
      last = [];
    },
  };
}

import { done, failed } from "~/shell/notices";

/** Puts a link into the clipboard; where a page may not, says what it is. */
export async function copyLink(link: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(link);
    done("The link is copied.");
  } catch {
    failed(new Error(`This browser lets no page copy here. The link is ${link}`));
  }
}
